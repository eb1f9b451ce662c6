"""What a tenant decides for itself: sessions, second factors, approvals, retention, receipts, its logo."""
