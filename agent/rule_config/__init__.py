"""The tables that configure the rules: one dataclass a kind, with its parameters, defaults and help."""

from __future__ import annotations

from agent.rule_config.base import Compare, Mistake, Reference, Rise, RuleConfig, Tuned, Want
from agent.rule_config.baseline import UnusualForHourRule
from agent.rule_config.counting import CrowdingRule, LineCrossingRule, QueueRule
from agent.rule_config.doors import CheckoutBypassRule, TailgatingRule
from agent.rule_config.movement import ErraticRule, RunningRule, WrongWayRule
from agent.rule_config.panic import PanicRule
from agent.rule_config.pose import ConcealmentRule, FallRule, TagTamperingRule
from agent.rule_config.presence import AfterHoursRule, AssistanceRule, LoiteringRule, RestrictedRule
from agent.rule_config.shelf import LeftObjectRule, RemovedObjectRule, ShelfSweepRule
from agent.rule_config.till import PosExceptionRule
from agent.rule_config.visits import RevisitRule

__all__ = [
    "AfterHoursRule",
    "AssistanceRule",
    "CheckoutBypassRule",
    "Compare",
    "ConcealmentRule",
    "CrowdingRule",
    "ErraticRule",
    "FallRule",
    "LeftObjectRule",
    "LineCrossingRule",
    "LoiteringRule",
    "Mistake",
    "QueueRule",
    "PanicRule",
    "PosExceptionRule",
    "RULE_TABLES",
    "Reference",
    "RemovedObjectRule",
    "RestrictedRule",
    "Rise",
    "RevisitRule",
    "RuleConfig",
    "RunningRule",
    "ShelfSweepRule",
    "TagTamperingRule",
    "TailgatingRule",
    "Tuned",
    "UnusualForHourRule",
    "Want",
    "WrongWayRule",
]

RULE_TABLES: dict[str, type[RuleConfig]] = {
    "restricted": RestrictedRule,
    "loitering": LoiteringRule,
    "line_crossing": LineCrossingRule,
    "running": RunningRule,
    "wrong_way": WrongWayRule,
    "erratic": ErraticRule,
    "crowding": CrowdingRule,
    "queue": QueueRule,
    "revisit": RevisitRule,
    "after_hours": AfterHoursRule,
    "assistance": AssistanceRule,
    "tailgating": TailgatingRule,
    "checkout_bypass": CheckoutBypassRule,
    "unusual_for_hour": UnusualForHourRule,
    "pos_exception": PosExceptionRule,
    "panic": PanicRule,
    "fall": FallRule,
    "concealment": ConcealmentRule,
    "tag_tampering": TagTamperingRule,
    "shelf_sweep": ShelfSweepRule,
    "left_object": LeftObjectRule,
    "removed_object": RemovedObjectRule,
}
