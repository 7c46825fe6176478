"""The part of JSON Schema that openapi.json uses, strictly: a property that the schema does not name is a finding."""
import re

TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
    "number": (int, float), "integer": int,
}


def is_type(value, name):
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def findings(doc, schema, value, where="$"):
    """What is wrong with a value, as lines."""
    if "$ref" in schema:
        target = doc
        for part in schema["$ref"].lstrip("#/").split("/"):
            target = target[part]
        return findings(doc, target, value, where)
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, name) for name in names):
        return [f"{where}: {value!r:.60} is not of type {'/'.join(names)}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r:.60} is not one of {schema['enum']}"]
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        return [f"{where}: {value!r:.60} is not of the form {schema['pattern']}"]
    found = []
    if isinstance(value, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        found += [f"{where}: '{key}' is missing" for key in schema.get("required", []) if key not in value]
        for key, item in value.items():
            if key in known:
                found += findings(doc, known[key], item, f"{where}.{key}")
            elif isinstance(more, dict):
                found += findings(doc, more, item, f"{where}.{key}")
            elif "properties" in schema:
                found.append(f"{where}: '{key}' is not in the schema")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            found += findings(doc, schema["items"], item, f"{where}[{i}]")
    return found


def self_test():
    doc = {"components": {"schemas": {"A": {"type": "object", "properties": {"n": {"type": ["integer", "null"]}}, "required": ["n"]}}}}
    ref = {"$ref": "#/components/schemas/A"}
    for value, expected in (({"n": 1}, 0), ({"n": None}, 0), ({"n": "x"}, 1), ({}, 1), ({"n": 1, "m": 2}, 1), ([], 1), ({"n": True}, 1)):
        if len(findings(doc, ref, value)) != expected:
            raise AssertionError(f"schema.py: {value!r} should have {expected} findings")
