"""
The fields of Map states: what their items are, and how a distributed one runs them.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import re
from collections.abc import Mapping
from typing import Any

from pizzabar.documents import JSON, write
from pizzabar.stepfunctions.fields import Fields, Place, constant
from pizzabar.stepfunctions.item_reader import DELIMITERS, GET_OBJECT, INPUT_TYPES, LIST_OBJECTS, LOAD_AND_FLATTEN
from pizzabar.stepfunctions.jsonata import type_name
from pizzabar.stepfunctions.payload import Expression
from pizzabar.stepfunctions.result_writer import OUTPUT_TYPES, PUT_OBJECT, TRANSFORMATIONS
from pizzabar.stepfunctions.states import MapRunPlan

INLINE, DISTRIBUTED = "INLINE", "DISTRIBUTED"
MAP = frozenset({"ItemProcessor", "ItemSelector", "MaxConcurrency"})
MAP_PATHS = MAP | {"ItemsPath", "MaxConcurrencyPath", "Iterator"}
MAP_QUERIES = MAP | {"Items"}
DISTRIBUTED_ONLY = frozenset(
    {"ItemBatcher", "ItemReader", "Label", "ResultWriter", "ToleratedFailureCount", "ToleratedFailurePercentage"}
)
DISTRIBUTED_PATHS = DISTRIBUTED_ONLY | {"ToleratedFailureCountPath", "ToleratedFailurePercentagePath"}
INVALID_LABEL = "INVALID_LABEL_NAME"
DUPLICATE_LABEL = "DUPLICATE_LABEL_NAME"
LONGEST_LABEL = 40

_BATCHER = frozenset({"BatchInput", "MaxItemsPerBatch", "MaxInputBytesPerBatch"})
_READER_CONFIG = frozenset(
    {"CSVDelimiter", "CSVHeaderLocation", "CSVHeaders", "InputType", "ItemsPointer", "MaxItems", "Transformation"}
)
_BAD_IN_LABEL = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"]|[\x00-\x1f\x7f-\x9f]")


class MapFields(Fields):
    """Reads what only Map states have."""

    def __init__(self) -> None:
        super().__init__()
        self.labels: set[str] = set()

    def number(
        self,
        document: Mapping[str, JSON],
        name: str,
        place: Place,
        *,
        is_jsonata: bool,
        most: int | None = None,
        prefix: str = "",
    ) -> Expression | None:
        """Read a number: a literal, and an expression or a form of the field that ends in ``Path``."""
        if is_jsonata and (query := self.query(document, name, place, "number", prefix=prefix)) is not None:
            return query
        literal = document.get(name)
        if isinstance(literal, float) and most is not None and 0 <= literal <= most:
            return constant(literal)
        number = self.integer(document, name, place, 0, most)
        if is_jsonata:
            return None if number is None else constant(number)
        path_name = f"{name}Path"
        self.at_most_one(document, (name, path_name), place)
        path = self.reference(document, path_name, place)
        return constant(number) if number is not None else self.read_at(path, path_name)

    def items(self, document: Mapping[str, JSON], place: Place, *, is_jsonata: bool) -> dict[str, Any]:
        """Read what the items are, and what each iteration is given."""
        concurrency = self.number(document, "MaxConcurrency", place, is_jsonata=is_jsonata)
        if not is_jsonata:
            path = self.reference(document, "ItemsPath", place)
            selector = self.template(document, "ItemSelector", place)
            return {
                "items": self.read_at(path, "ItemsPath"),
                "items_path": "$" if path is None else path.text,
                "concurrency": concurrency,
            } | ({} if selector is None else {"parameters": selector})
        items = self.query(document, "Items", place, "array or object")
        if items is None and "Items" in document:
            if isinstance(document["Items"], (list, dict)):
                items = self.queries(document, "Items", place)
            else:
                self.fault((*place, "Items"), "Expected value of type Array, Object or a JSONata expression")
        selector = self.queries(document, "ItemSelector", place)
        return {"items": items, "items_path": "Items", "concurrency": concurrency, "parameters": selector}

    def mode(self, processor: Mapping[str, JSON], place: Place) -> str:
        """Read how the items are run."""
        config, at = processor.get("ProcessorConfig", {}), (*place, "ProcessorConfig")
        if not isinstance(config, dict):
            self.fault(at, "Expected value of type Object")
            return INLINE
        self.known_fields(config, at, frozenset({"Mode", "ExecutionType"}))
        mode = str(config.get("Mode", INLINE))
        self.one_of(config, "Mode", at, (INLINE, DISTRIBUTED))
        if mode == DISTRIBUTED:
            self.required(config, at, ("ExecutionType",))
            self.one_of(config, "ExecutionType", at, ("STANDARD", "EXPRESS"))
        elif "ExecutionType" in config:
            self.fault(at, "Field 'ExecutionType' is not supported")
        return mode

    def one_of(self, document: Mapping[str, JSON], name: str, place: Place, choices: tuple[str, ...]) -> None:
        """Hold a field to some values."""
        if name in document and document[name] not in choices:
            self.fault(
                (*place, name),
                f"The value for the field '{name}' must be one of these values: [{', '.join(choices)}]",
            )

    def plan(
        self,
        document: Mapping[str, JSON],
        processor: Mapping[str, JSON],
        place: Place,
        *,
        name: str,
        language: str,
        is_jsonata: bool,
    ) -> MapRunPlan:
        """Read what a distributed Map state has beside an inline one."""
        config = processor["ProcessorConfig"]
        definition = {key: each for key, each in processor.items() if key != "ProcessorConfig"}
        limits: dict[str, Any] = {
            field: self.number(document, key, place, is_jsonata=is_jsonata, most=most)
            for field, key, most in (
                ("tolerated_count", "ToleratedFailureCount", None),
                ("tolerated_percentage", "ToleratedFailurePercentage", 100),
            )
        }
        return MapRunPlan(
            label=self.label(document, place, name),
            definition=write({"QueryLanguage": language, **definition}),
            is_express=config.get("ExecutionType") == "EXPRESS",
            **limits,
            **self.reader(document, place, is_jsonata=is_jsonata),
            **self.batcher(document, place, is_jsonata=is_jsonata),
            **self.writer(document, place, is_jsonata=is_jsonata),
        )

    def label(self, document: Mapping[str, JSON], place: Place, name: str) -> str:
        label = self.string(document, "Label", place)
        if label is None:
            # AWS makes one of its own, which nobody can know; the state's name is as good.
            return _BAD_IN_LABEL.sub("", name)[:LONGEST_LABEL] or "Map"
        at = (*place, "Label")
        if len(label) > LONGEST_LABEL or _BAD_IN_LABEL.search(label):
            self.fault(at, f"Invalid label name '{label}'", INVALID_LABEL)
        if label in self.labels:
            self.fault(at, f"Label '{label}' is not unique", DUPLICATE_LABEL)
        self.labels.add(label)
        return label

    def given(
        self, document: Mapping[str, JSON], place: Place, prefix: str, *, is_jsonata: bool
    ) -> Expression | None:
        """Read the parameters of a reader or writer."""
        if is_jsonata:
            return self.queries(document, "Arguments", place, prefix=prefix)
        return self.template(document, "Parameters", place)

    def owner(
        self, document: Mapping[str, JSON], name: str, place: Place, fields: frozenset[str], *, is_jsonata: bool
    ) -> tuple[Mapping[str, JSON], Place] | None:
        """Give a field that is an object, with the place of its members."""
        if name not in document:
            return None
        value, at = document[name], (*place, name)
        if not isinstance(value, dict):
            self.fault(at, f"Expected value of type Object, but was {type_name(value)}")
            return None
        self.known_fields(value, at, fields | ({"Arguments"} if is_jsonata else {"Parameters"}))
        return value, at

    def reader(self, document: Mapping[str, JSON], place: Place, *, is_jsonata: bool) -> dict[str, Any]:
        """Read an ItemReader.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
        """
        fields = frozenset({"Resource", "ReaderConfig"})
        owner = self.owner(document, "ItemReader", place, fields, is_jsonata=is_jsonata)
        if owner is None:
            return {}
        reader, at = owner
        self.required(reader, at, ("Resource",))
        self.one_of(reader, "Resource", at, (GET_OBJECT, LIST_OBJECTS))
        config, config_at = reader.get("ReaderConfig", {}), (*at, "ReaderConfig")
        most = None
        if not isinstance(config, dict):
            self.fault(config_at, "Expected value of type Object")
            config = {}
        else:
            known = _READER_CONFIG if is_jsonata else _READER_CONFIG | {"MaxItemsPath"}
            self.known_fields(config, config_at, known)
            self.reader_config(config, config_at)
            most = self.number(
                config, "MaxItems", config_at, is_jsonata=is_jsonata, prefix="ItemReader/ReaderConfig/"
            )
        return {
            "reader_resource": str(reader.get("Resource", "")),
            "reader": self.given(reader, at, "ItemReader/", is_jsonata=is_jsonata) or constant({}),
            "reader_config": config,
            "most_items": most,
        }

    def reader_config(self, config: Mapping[str, JSON], place: Place) -> None:
        kind = config.get("InputType")
        if kind in ("MANIFEST", "PARQUET"):
            self.fault((*place, "InputType"), f"The input type {kind} is not supported by pizzabar")
        else:
            self.one_of(config, "InputType", place, INPUT_TYPES)
        self.one_of(config, "CSVHeaderLocation", place, ("FIRST_ROW", "GIVEN"))
        self.one_of(config, "CSVDelimiter", place, tuple(DELIMITERS))
        headers = self.array(config, "CSVHeaders", place)
        if not all(isinstance(each, str) for each in headers):
            self.fault((*place, "CSVHeaders"), "Expected value of type Array of String")
        if kind == "CSV":
            self.required(config, place, ("CSVHeaderLocation",))
        if config.get("CSVHeaderLocation") == "GIVEN":
            self.required(config, place, ("CSVHeaders",))
        self.string(config, "ItemsPointer", place)
        self.one_of(config, "Transformation", place, ("NONE", LOAD_AND_FLATTEN))
        if config.get("Transformation") == LOAD_AND_FLATTEN:
            self.required(config, place, ("InputType",))

    def batcher(self, document: Mapping[str, JSON], place: Place, *, is_jsonata: bool) -> dict[str, Any]:
        """Read an ItemBatcher.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
        """
        if "ItemBatcher" not in document:
            return {}
        batcher, at = document["ItemBatcher"], (*place, "ItemBatcher")
        if not isinstance(batcher, dict):
            self.fault(at, "Expected value of type Object")
            return {}
        paths = frozenset({"MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"})
        self.known_fields(batcher, at, _BATCHER if is_jsonata else _BATCHER | paths)
        if not set(batcher) & {"MaxItemsPerBatch", "MaxInputBytesPerBatch", *paths}:
            self.fault(at, "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]")
        read = self.queries if is_jsonata else self.template
        numbers = {
            field: self.number(batcher, key, at, is_jsonata=is_jsonata, prefix="ItemBatcher/")
            for field, key in (("batch_items", "MaxItemsPerBatch"), ("batch_bytes", "MaxInputBytesPerBatch"))
        }
        return {**numbers, "batch_input": read(batcher, "BatchInput", at)}

    def writer(self, document: Mapping[str, JSON], place: Place, *, is_jsonata: bool) -> dict[str, Any]:
        """Read a ResultWriter.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
        """
        fields = frozenset({"Resource", "WriterConfig"})
        owner = self.owner(document, "ResultWriter", place, fields, is_jsonata=is_jsonata)
        if owner is None:
            return {}
        writer, at = owner
        self.one_of(writer, "Resource", at, (PUT_OBJECT,))
        config, config_at = writer.get("WriterConfig", {}), (*at, "WriterConfig")
        if not isinstance(config, dict):
            self.fault(config_at, "Expected value of type Object")
            config = {}
        self.known_fields(config, config_at, frozenset({"Transformation", "OutputType"}))
        self.one_of(config, "Transformation", config_at, TRANSFORMATIONS)
        self.one_of(config, "OutputType", config_at, OUTPUT_TYPES)
        if config:
            self.required(config, config_at, ("Transformation", "OutputType"))
        read = None
        if "Resource" in writer:
            read = self.given(writer, at, "ResultWriter/", is_jsonata=is_jsonata) or constant({})
        elif not config:
            self.fault(at, "One of these fields is required: [Resource, WriterConfig]")
        return {"writer": read, "writer_config": config or {}}
