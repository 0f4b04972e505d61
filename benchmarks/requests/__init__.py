"""The request path of Palestra beside a floor and two common frameworks."""
