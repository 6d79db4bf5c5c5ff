"""Survey answers and published matrices, checked against a codebook."""

from analysis.data.codebook import (
    AttentionCheck,
    Codebook,
    Construct,
    Group,
    Hypothesis,
    Item,
    ReadOptions,
    Roles,
    Scale,
    SideTable,
    Variable,
)
from analysis.data.codebook_file import load_codebook
from analysis.data.draft import draft_codebook
from analysis.data.names import Label
from analysis.data.published import PublishedMatrix, load_published
from analysis.data.raw import RawTable
from analysis.data.readers import read_table
from analysis.data.side_table import SideData
from analysis.data.study import (
    Study,
    StudyModel,
    StudySummary,
    find_root,
    keep_answers,
    list_studies,
    load_study,
)
from analysis.data.survey import Survey
from analysis.data.survey_file import read_survey

__all__ = [
    "AttentionCheck",
    "Codebook",
    "Construct",
    "Group",
    "Hypothesis",
    "Item",
    "Label",
    "PublishedMatrix",
    "RawTable",
    "ReadOptions",
    "Roles",
    "Scale",
    "SideData",
    "SideTable",
    "Study",
    "StudyModel",
    "StudySummary",
    "Survey",
    "Variable",
    "draft_codebook",
    "find_root",
    "keep_answers",
    "list_studies",
    "load_codebook",
    "load_published",
    "load_study",
    "read_survey",
    "read_table",
]
