"""RecLoRA: every person a low-rank change of one encoder, mixed by what a click model knows of them."""

from personae.recommend.reclora.click_model import ClickModel
from personae.recommend.reclora.clicks import Clicks, clicks_of, prompts
from personae.recommend.reclora.model import Prepared, RecLoRA, prepare

__all__ = ["ClickModel", "Clicks", "Prepared", "RecLoRA", "clicks_of", "prepare", "prompts"]
