"""Reads our templates as CloudFormation would, as far as the checks here need it: tags, parameters, and functions.

It does not deploy anything, and knows only those intrinsic functions that our templates use; another is an error.
"""

import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
NO_VALUE = object()
ACCOUNT = "123456789012"
REGION = "eu-west-1"


class Loader(yaml.SafeLoader):
    """Reads YAML with CloudFormation's short forms and converts them to the long forms."""


def _tagged(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", _tagged)


def load(path):
    """The template at `path` in the repository, as JSON values."""
    return yaml.load((ROOT / path).read_text(), Loader)


class Stack:
    """A template with its parameters: resolves what does not depend on AWS. A resource's `Ref` is its logical id, its
    attributes are `LogicalId.Attribute`, unless `resources` says otherwise."""

    def __init__(self, path, parameters=None, name="insights", resources=None):
        self.template = load(path)
        self.name = name
        self.resources = resources or {}
        given = parameters or {}
        unknown = set(given) - set(self.template["Parameters"])
        assert not unknown, f"{path} has no parameters {unknown}"
        self.parameters = {}
        for key, parameter in self.template["Parameters"].items():
            value = given.get(key, parameter.get("Default"))
            assert value is not None, f"{path}: {key} has no default and was not given"
            if parameter["Type"] == "CommaDelimitedList":
                value = [part.strip() for part in str(value).split(",")]
            else:
                value = str(value)  # CloudFormation makes texts of numbers
            self.parameters[key] = value

    def resource(self, logical_id):
        """The properties of a resource, resolved."""
        return self.resolve(self.template["Resources"][logical_id]["Properties"])

    def ref(self, name):
        pseudo = {
            "AWS::StackName": self.name,
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
        }
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        assert name.split(".")[0] in self.template["Resources"], f"nothing is called {name}"
        return self.resources.get(name, name)

    def condition(self, value):
        if isinstance(value, str):
            return self.condition(self.template["Conditions"][value])
        (name, argument), = value.items()
        if name == "Fn::Equals":
            left, right = (self.resolve(side) for side in argument)
            return str(left) == str(right)
        if name == "Fn::Not":
            return not self.condition(argument[0])
        if name == "Fn::And":
            return all(self.condition(part) for part in argument)
        if name == "Fn::Or":
            return any(self.condition(part) for part in argument)
        if name == "Fn::Or":
            return any(self.condition(part) for part in argument)
        if name == "Condition":
            return self.condition(argument)
        raise AssertionError(f"unknown condition {name}")

    def resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), = value.items()
            if name == "Ref":
                return self.ref(argument)
            if name.startswith("Fn::"):
                return self.function(name, argument)
        resolved = {key: self.resolve(member) for key, member in value.items()}
        return {key: member for key, member in resolved.items() if member is not NO_VALUE}

    def function(self, name, argument):
        if name == "Fn::If":
            return self.resolve(argument[1 if self.condition(argument[0]) else 2])
        if name == "Fn::GetAtt":
            return self.ref(".".join(argument))
        if name == "Fn::Sub":
            text, names = argument if isinstance(argument, list) else (argument, {})
            names = {key: self.resolve(member) for key, member in names.items()}
            return re.sub(r"\$\{([^}!]+)\}", lambda found: str(names[found[1]] if found[1] in names else self.ref(found[1])), text)
        if name == "Fn::Join":
            return argument[0].join(self.resolve(argument[1]))
        if name == "Fn::FindInMap":
            table, first, second = (self.resolve(part) for part in argument)
            return self.template["Mappings"][table][first][second]
        raise AssertionError(f"unknown function {name}")
