"""What the template says of tables, roles, routes and headers is what the code needs and people have reviewed."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from heard import headers, log, web
from heard.adapters.dynamodb import LINK, table_definition
from heard.case import ACKNOWLEDGEMENT
from heard.deliver import Outcome, note
from heard.handlers.metrics import GAUGES, NAMESPACE, EmbeddedMetrics
from tests.infra.conftest import ROOT

REVIEWED = json.loads(Path(__file__).with_name("reviewed_actions.json").read_text())
TEMPLATES = ("template.yaml", "edge.yaml")


def of_type(resources, kind):
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def statements_of(role, resources):
    """Every statement that counts for a role: its own, and those of the managed policies it names."""
    own = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    managed = [resources[ref["Ref"]]["Properties"]["PolicyDocument"] for ref in role.get("ManagedPolicyArns", [])]
    for document in own + managed:
        for statement in document["Statement"]:
            choices = statement.get("Fn::If", [None, statement])[1:]
            yield from (choice for choice in choices if "Action" in choice)  # the other choice may be none


def listed(value):
    return value if isinstance(value, list) else [value]


def as_text(resource):
    return next(iter(resource.values())) if isinstance(resource, dict) else resource


def grants_of(role, resources):
    """A line for each action on each resource, with the condition where there is one."""
    for statement in statements_of(role, resources):
        condition = " ".join(
            f"{key}={as_text(value) if isinstance(value, dict) else ','.join(listed(value))}"
            for test in statement.get("Condition", {}).values()
            for key, value in test.items()
        )
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield f"{action} {as_text(resource)}{' if ' + condition if condition else ''}"


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_template_has_no_lint(name):
    lint = Path(sys.executable).with_name("cfn-lint")
    found = subprocess.run([lint, ROOT / "infra" / name], capture_output=True, text=True, check=False)
    assert (found.stdout, found.returncode) == ("", 0)


def test_each_role_may_do_what_was_reviewed_and_nothing_else(resources):
    roles = of_type(resources, "AWS::IAM::Role")
    assert {name: sorted(grants_of(role, resources)) for name, role in roles.items()} == REVIEWED


def test_no_role_has_a_wildcard_but_for_the_one_call_that_knows_no_resource(resources):
    grants = {grant for role in of_type(resources, "AWS::IAM::Role").values() for grant in grants_of(role, resources)}
    assert {grant for grant in grants if "*" in grant.partition(" if ")[0]} == {"dynamodb:ListStreams *"}


def test_the_function_that_shows_a_list_writes_links_and_no_case(resources):
    grants = [grant for grant in grants_of(resources["SignInRole"]["Properties"], resources) if "PutItem" in grant]
    assert grants == [f"dynamodb:PutItem Cases.Arn if dynamodb:LeadingKeys={LINK}*"]


def test_each_function_has_a_role_of_its_own(resources):
    functions = of_type(resources, "AWS::Serverless::Function")
    assert {name: as_text(function["Role"]) for name, function in functions.items()} == {
        name: f"{name}Role.Arn" for name in functions
    }


def test_each_handler_is_there(resources):
    for function in of_type(resources, "AWS::Serverless::Function").values():
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_each_handler_has_a_function(resources):
    handlers = {f["Handler"] for f in of_type(resources, "AWS::Serverless::Function").values()}
    fronts = (ROOT / "functions" / "heard" / "handlers").glob("*.py")
    modules = [importlib.import_module(f"heard.handlers.{path.stem}") for path in fronts]
    assert handlers == {f"{module.__name__}.handle" for module in modules if hasattr(module, "handle")}


def test_the_routes_are_the_calls_that_the_host_answers(resources):
    routes = of_type(resources, "AWS::ApiGatewayV2::Route")
    assert {route["RouteKey"] for route in routes.values()} == {
        *(f"POST /api/{step}" for step in web.STEPS),
        "GET /api/sign-in",
        "GET /api/health",
    }
    for route in routes.values():
        integration = as_text(route["Target"]).removeprefix("integrations/${").removesuffix("}")
        function = integration.removesuffix("Integration")
        assert route["RouteKey"].replace("-", "").endswith(f"/{function.lower()}")
        assert as_text(resources[integration]["Properties"]["IntegrationUri"]) == f"{function}.Arn"


def test_each_route_is_throttled_and_may_call_its_function_only(resources):
    settings = resources["ApiStage"]["Properties"]["RouteSettings"]
    for name, route in of_type(resources, "AWS::ApiGatewayV2::Route").items():
        key = route["RouteKey"]
        assert settings[key]["ThrottlingRateLimit"] <= 100
        allowed = resources[f"{name.removesuffix('Route')}MayBeCalled"]["Properties"]["SourceArn"]
        assert as_text(allowed).endswith(":${Api}/*/" + key.replace(" ", ""))


def test_the_table_is_the_one_the_adapter_defines(resources):
    table = resources["Cases"]["Properties"]
    defined = table_definition("any")
    assert {**{name: table.get(name) for name in defined}, "TableName": "any"} == defined


def test_cases_and_what_opens_them_outlive_the_stack(resources):
    kept = {name for name, resource in resources.items() if resource.get("DeletionPolicy")}
    assert kept == {"Cases", "Key", "Pepper"}
    assert all(resources[name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_the_stream_carries_nothing_of_what_was_written(resources):
    assert resources["Cases"]["Properties"]["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}


def test_whatever_sends_letters_knows_every_setting_of_its_messenger(resources):
    """One left out, and the function would not start where texts are sent: see wiring."""
    functions = of_type(resources, "AWS::Serverless::Function")
    variables = {name: one["Environment"]["Variables"] for name, one in functions.items() if "Environment" in one}
    sending = {name: known for name, known in variables.items() if "HEARD_MESSENGER" in known}
    assert {"Deliver", "Bounce"} <= set(sending)
    for known in sending.values():
        assert set(known) >= {"HEARD_NOTIFY_SECRET", "HEARD_NOTIFY_TEMPLATE", "HEARD_NOTIFY_TEXT_TEMPLATE"}


def test_pages_get_the_headers_of_the_host_and_hsts(resources):
    policy = resources["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    sent = {
        "Content-Security-Policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "X-Content-Type-Options": "nosniff" if security["ContentTypeOptions"]["Override"] else None,
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        **{item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]},
    }
    assert sent == headers.EVERYWHERE
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 365 * 24 * 60 * 60


def test_what_the_api_answers_is_never_cached_and_never_replaced_by_a_page(resources):
    distribution = resources["Distribution"]["Properties"]["DistributionConfig"]
    (api,) = distribution["CacheBehaviors"]
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # AWS's own, CachingDisabled
    assert [error["ErrorCode"] for error in distribution["CustomErrorResponses"]] == [403]


def test_the_bucket_is_closed_and_the_distribution_alone_reads_it(resources):
    assert set(resources["Site"]["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    (only,) = resources["SitePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (only["Principal"], only["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    assert as_text(only["Condition"]["StringEquals"]["AWS:SourceArn"]).endswith(":distribution/${Distribution}")


def test_each_queue_and_topic_and_the_log_are_under_our_key(resources):
    holders = ("AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Logs::LogGroup", "AWS::SecretsManager::Secret")
    for kind in holders:
        for properties in of_type(resources, kind).values():
            key = properties.get("KmsMasterKeyId") or properties.get("KmsKeyId")
            assert as_text(key) in ("Key", "Key.Arn")


def test_each_dead_letter_queue_has_an_alarm_and_each_alarm_tells_somebody(resources):
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert {f"{name}Alarm" for name in of_type(resources, "AWS::SQS::Queue") if "DeadLetters" in name} <= set(alarms)
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]


def test_the_alarms_of_our_own_numbers_watch_what_the_functions_say(resources):
    ours = [alarm for alarm in of_type(resources, "AWS::CloudWatch::Alarm").values() if alarm["Namespace"] == NAMESPACE]
    assert {alarm["MetricName"] for alarm in ours} == {*GAUGES, "Count"}


def test_the_alarm_of_parked_letters_watches_the_line_that_a_parked_letter_gets(resources, capfd):
    log.to_stderr(EmbeddedMetrics())
    note(Outcome("TM7-MM8-PP9-456", ACKNOWLEDGEMENT, "never_sent", parked=True))
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    watched = {row["Name"]: row["Value"] for row in resources["ParkedAlarm"]["Properties"]["Dimensions"]}
    assert {name: line[name] for name in line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]} == watched


def test_a_queue_hides_what_a_function_has_for_six_times_its_time(resources):
    seconds = resources["CouncilUpdate"]["Properties"]["Timeout"]
    assert resources["UpdatesQueue"]["Properties"]["VisibilityTimeout"] >= 6 * seconds


def test_an_update_is_answered_where_the_council_may_read_and_nobody_else_sends(resources):
    variables = resources["CouncilUpdate"]["Properties"]["Environment"]["Variables"]
    assert variables["HEARD_REPLY_QUEUE_URL"] == {"Ref": "RepliesQueue"}
    roles = of_type(resources, "AWS::IAM::Role")
    senders = {name for name in roles if "sqs:SendMessage RepliesQueue.Arn" in grants_of(roles[name], resources)}
    assert senders == {"CouncilUpdateRole"}
    [reading] = [
        statement
        for statement in resources["CouncilAccess"]["Properties"]["PolicyDocument"]["Statement"]
        if {"Fn::GetAtt": "RepliesQueue.Arn"} in listed(statement["Resource"])
    ]
    assert {"sqs:ReceiveMessage", "sqs:DeleteMessage"} <= set(reading["Action"])
    assert "sqs:SendMessage" not in reading["Action"]


def test_how_long_a_closed_case_stays_is_the_council_s_to_say_and_for_good_unless_it_does(template, resources):
    said = template["Globals"]["Function"]["Environment"]["Variables"]["HEARD_KEEP_DAYS"]

    assert said == {"Ref": "KeepDays"}
    assert template["Parameters"]["KeepDays"]["Default"] == ""
    assert resources["Cases"]["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
