"""What is read: figures and the facts behind them, published figures, dashboards, and whether all of it agrees."""
