"""How a network is trained; knows nothing of scikit-learn."""
