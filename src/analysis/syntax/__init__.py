"""lavaan model syntax: text to statements to the parameter table."""

from analysis.syntax.expression import Expression, parse_expression
from analysis.syntax.names import VariableNames
from analysis.syntax.options import PartableOptions
from analysis.syntax.parser import parse_model
from analysis.syntax.partable import Parameter, ParTable, partable
from analysis.syntax.per_group import labels_per_group, shared_labels
from analysis.syntax.statements import (
    Constraint,
    Definition,
    Formula,
    ModelSyntax,
    Modifier,
    Statement,
    Term,
)

__all__ = [
    "Constraint",
    "Definition",
    "Expression",
    "Formula",
    "ModelSyntax",
    "Modifier",
    "ParTable",
    "Parameter",
    "PartableOptions",
    "Statement",
    "Term",
    "VariableNames",
    "labels_per_group",
    "parse_expression",
    "parse_model",
    "partable",
    "shared_labels",
]
