"""Made-up viewing events over a real catalogue of films, with the truth that they contain."""
