"""What every screen is made of: lists, forms, dialogs, menus, jobs, events."""
