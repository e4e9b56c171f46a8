"""The AWSome Pizza Bar: the application that pizzabar ships."""
