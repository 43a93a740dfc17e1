"""The chart that most tests of clinical documentation begin with."""

import pytest

from tests.clinical_docs.arrange import Chart, make_chart
from tests.factories import Clinic


@pytest.fixture
def chart(clinic: Clinic) -> Chart:
    """A visit just begun from yesterday's appointment."""
    return make_chart(clinic)
