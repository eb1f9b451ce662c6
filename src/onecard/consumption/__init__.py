"""Consumption: merchants, meals of the business day, the terms a sale is made under."""
