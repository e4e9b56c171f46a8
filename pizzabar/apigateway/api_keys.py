"""
API keys and the usage plans that say where each of them counts.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from dataclasses import dataclass, field

from pizzabar.record import record


@record
class ApiKey:
    """A key that a client shows: its ``value`` is the secret."""

    id: str
    name: str
    value: str
    is_enabled: bool = False


@dataclass(slots=True)
class UsagePlan:
    """Stages, by the ids of their APIs and their names, and the keys by which they can be used."""

    id: str
    name: str
    stages: frozenset[tuple[str, str]] = frozenset()
    key_ids: set[str] = field(default_factory=set)


class ApiKeys:
    """The keys and usage plans of one account and region."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._plans: dict[str, UsagePlan] = {}

    def add(self, key: ApiKey) -> None:
        """Enter a key."""
        self._keys[key.id] = key

    def add_plan(self, plan: UsagePlan) -> None:
        """Enter a usage plan."""
        self._plans[plan.id] = plan

    def add_to_plan(self, plan_id: str, key_id: str) -> None:
        """Let a key count where a usage plan says."""
        self._plans[plan_id].key_ids.add(key_id)

    def find(self, value: str, api_id: str, stage: str) -> ApiKey | None:
        """Find the key of that value, if it is enabled and counts on the stage."""
        for plan in self._plans.values():
            if (api_id, stage) not in plan.stages:
                continue
            for key_id in plan.key_ids:
                key = self._keys.get(key_id)
                if key is not None and key.is_enabled and key.value == value:
                    return key
        return None
