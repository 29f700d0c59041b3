"""The items of the YAML: which plugin each names, and what it becomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from pagemeter.config.catalog import Catalog
from pagemeter.config.loader import Placeholder, Value
from pagemeter.config.mistakes import KeyPath, Mark, Mistake, near, shown, with_remedy
from pagemeter.config.settings import (
    DEFAULT_SCHEDULES,
    ITEM_SETTINGS,
    DiscoveryItem,
    ItemConfig,
    ItemSettings,
    OutputItem,
    ScheduleSettings,
)
from pagemeter.config.values import Judge
from pagemeter.plugins import Kind

Item: TypeAlias = Mapping[str, Value]

_FITS_ALL = Placeholder(tag="plugin", name="", found=False)


def raw_items(sections: Mapping[str, Value]) -> Iterator[tuple[KeyPath, Item]]:
    """Go through the items of all sections, with their paths; what is no mapping is left to the schema."""
    for kind in Kind:
        section = sections.get(kind)
        for number, item in enumerate(section if isinstance(section, list) else ()):
            if isinstance(item, dict):
                yield (str(kind), number), item


def judge_plugins(sections: Mapping[str, Value], catalog: Catalog) -> Iterator[Mistake]:
    """Yield a mistake for each item whose plugin is not known; its other keys can't be judged."""
    for path, item in raw_items(sections):
        kind, name = Kind(str(path[0])), item.get("plugin")
        if isinstance(name, Placeholder):
            what = f"{name.tag} can't choose a plugin; write its name"
            yield Mistake(path=(*path, "plugin"), what=what)
        elif isinstance(name, str) and not _is_known(kind, name, catalog):
            yield Mistake(path=(*path, "plugin"), what=_unknown(kind, name, catalog))


def for_schema(sections: Mapping[str, Value], catalog: Catalog) -> dict[str, Value]:
    """Put placeholders, which fit any schema, in the places of the items that the schema can't know."""
    items = dict(raw_items(sections))

    def seen(path: KeyPath, item: Value) -> Value:
        name = items[path].get("plugin") if path in items else None
        foreign = isinstance(name, str) and name not in catalog.names(Kind(str(path[0])))
        return _FITS_ALL if foreign or isinstance(name, Placeholder) else item

    return {
        key: [seen((key, number), item) for number, item in enumerate(section)]
        if isinstance(section, list)
        else section
        for key, section in sections.items()
    }


def judge_item(
    path: KeyPath, raw: Item, judge: Judge, catalog: Catalog, marks: Mapping[KeyPath, Mark]
) -> ItemConfig | None:
    """Return the item, or none after noting its mistakes; one whose plugin can't be loaded is kept with the reason."""
    kind, name = Kind(str(path[0])), raw.get("plugin")
    if not isinstance(name, str):
        return None
    model = ITEM_SETTINGS[kind]
    common = judge.settings(model, {k: v for k, v in raw.items() if k in model.model_fields}, path, ours=True)
    factory, reason = catalog.factory(kind, name), catalog.why_not(name)
    settings = None
    if factory is not None and reason is None:
        own = {key: value for key, value in raw.items() if key not in model.model_fields}
        settings = judge.settings(factory.settings, own, path, ours=False)
    if common is None or (settings is None and factory is not None and reason is None):
        return None
    return ItemConfig(
        kind=kind,
        plugin=name,
        name=common.name or name,
        settings=settings,
        schedule=_schedule_of(kind, common),
        timeout=common.timeout,
        select=common.select if isinstance(common, DiscoveryItem) else (),
        only=common.only if isinstance(common, OutputItem) else (),
        mask=common.mask if isinstance(common, OutputItem) else (),
        hash=common.hash if isinstance(common, OutputItem) else (),
        where=str(marks[path]),
        broken=None if settings is not None else reason or f"{name} offers nothing under {kind}",
    )


def _is_known(kind: Kind, name: str, catalog: Catalog) -> bool:
    """Say whether there is such a plugin; one without a readable manifest is known by the reason why not."""
    listed_elsewhere = any(name in catalog.names(other) for other in Kind if other != kind)
    return name in catalog.names(kind) or (catalog.why_not(name) is not None and not listed_elsewhere)


def _unknown(kind: Kind, name: str, catalog: Catalog) -> str:
    others = [str(other) for other in Kind if name in catalog.names(other)]
    if others:
        return f'the plugin "{name}" does not belong here; write it under {" or ".join(others)}'
    remedy = near(name, catalog.names(kind)) or "is it installed?"
    return with_remedy(f'unknown plugin "{shown(name)}"', f"{remedy} (`pagemeter plugins` lists them)")


def _schedule_of(kind: Kind, common: ItemSettings) -> ScheduleSettings | None:
    if not isinstance(common, ScheduleSettings):
        return None
    schedule = ScheduleSettings(every=common.every, on=common.on, at=common.at)
    return DEFAULT_SCHEDULES.get(kind) if schedule.says_nothing else schedule
