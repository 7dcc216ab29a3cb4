"""What will be booked: the one model that targets and hiring ask, and how good forecasts were."""

from salesops_nb.forecast.accuracy import ape, bias, mad, mape, rmse, tracking_signal, wape, weighted_forecast

__all__ = ["ape", "bias", "mad", "mape", "rmse", "tracking_signal", "wape", "weighted_forecast"]


def __dir__() -> list[str]:
    """What completion offers: the names that are meant to be used."""
    return __all__
