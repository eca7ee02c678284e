"""The template, deployed to an emulator that runs the functions and enforces their roles, and used by everybody."""

import json
import secrets
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import front
import pytest
import stack as stacks

from heard.adapters.dynamodb import DynamoDbStore
from heard.case import Case
from tests.infra.caller import as_role, call, council, eventually, is_refused, physical, post, steps_of, take

FORMS = {
    "complaint": {"what_happened": "They never came."},
    "compliment": {"what_went_well": "She listened."},
    "comment": {"what_you_want_to_say": "More buses."},
}
AT = "2026-11-20T12:00:00Z"


def send(stack, form="comment", **answers):
    """A submission that is accepted: what the receipt says."""
    fields = {"form": form, "lang": "en", "voice": "young", "form_version": 1, "key": secrets.token_hex(16)}
    status, receipt = post(stack, "send", **fields, **(FORMS[form] | answers))
    assert status == 201, receipt
    return receipt


def say(stack, credentials, **update):
    sqs = stack.client("sqs", **credentials)
    sqs.send_message(QueueUrl=stack.outputs["UpdatesQueueUrl"], MessageBody=json.dumps({"at": AT, **update}))


def case_of(stack, reference):
    items = stack.client("dynamodb").scan(TableName=stack.outputs["Table"])["Items"]
    return next(json.loads(item["record"]["S"]) for item in items if item["reference"]["S"] == reference)


def lines_of(stack):
    """Everything that the functions have logged."""
    logs = stack.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    found = [logs.filter_log_events(logGroupName=group)["events"] for group in groups]
    return "\n".join(event["message"] for events in found for event in events)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_sent_reaches_the_council_and_can_be_followed(deployed, form):
    receipt = send(deployed, form)
    message = take(deployed, council(deployed), "CouncilQueueUrl", receipt["reference"])
    assert (message["kind"], message["attempt"]) == (form, 1)
    assert set(FORMS[form].values()) <= set(message["text"].values())
    assert eventually(lambda: "delivered" in steps_of(deployed, receipt["code"]))


def test_a_second_press_of_send_keeps_the_first_receipt(deployed):
    fields = {"form": "comment", "lang": "en", "voice": "easy", "form_version": 1, "key": secrets.token_hex(16)}
    first = post(deployed, "send", **fields, **FORMS["comment"])
    again = post(deployed, "send", **fields, **FORMS["comment"])
    changed = post(deployed, "send", **fields, what_you_want_to_say="Fewer buses.")
    assert (first[0], again[0], changed[0]) == (201, 200, 409)
    assert first[1] == again[1]


def test_a_page_comes_back_for_a_form_with_the_headers_of_the_host(deployed):
    form = b"form=comment&lang=en&voice=standard&form_version=1&what_you_want_to_say=More+buses."
    with call(deployed, "check", form) as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "More buses." in answer.read().decode()


def test_the_receipt_can_be_kept_and_health_is_told(deployed):
    key = secrets.token_hex(16)
    fields = {"form": "comment", "lang": "en", "voice": "easy", "form_version": 1, "key": key}
    reference = post(deployed, "send", **fields, **FORMS["comment"])[1]["reference"]
    with call(deployed, "receipt", f"key={key}&lang=en&voice=easy".encode()) as answer:
        assert reference in answer.read().decode()
    with call(deployed, "health") as answer:
        assert json.load(answer) == {"status": "ok"}


@pytest.mark.parametrize("step", ["check", "send", "receipt", "follow", "say", "health"])
def test_whoever_walks_round_the_firewall_is_turned_away(deployed, step):
    for shown in ("", "wrong"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            call(deployed, step, None if step == "health" else b"{}", **{"X-Front-Door": shown})


def test_an_acknowledgement_goes_out_that_says_nothing_of_what_was_written(deployed):
    address = f"{secrets.token_hex(4)}@example.com"
    wanted = {"contact": "email", "email": address, "contact_is_safe": "yes", "acknowledge": "yes"}
    receipt = send(deployed, "complaint", **wanted)

    def letter():
        with urllib.request.urlopen(f"{deployed.endpoint}/_ministack/ses/messages", timeout=5) as answer:  # noqa: S310
            messages = [message for sent in json.load(answer)["messages"].values() for message in sent]
        return next((message for message in messages if message["To"] == [address]), None)

    text = eventually(letter)["BodyText"]
    assert receipt["reference"] in text
    assert FORMS["complaint"]["what_happened"] not in text


def test_what_the_council_says_is_what_the_person_sees(deployed):
    receipt = send(deployed, "complaint")
    say(deployed, council(deployed), reference=receipt["reference"], version=1, status="looking_into_it")
    assert eventually(lambda: "looking_into_it" in steps_of(deployed, receipt["code"]))
    assert not any(step["new"] for step in post(deployed, "follow", code=receipt["code"])[1]["steps"])


def test_what_a_person_adds_is_on_their_timeline_and_reaches_the_council(deployed):
    receipt = send(deployed, "complaint")
    assert eventually(lambda: "delivered" in steps_of(deployed, receipt["code"]))
    more = {"form": "tell_more", "key": secrets.token_hex(16), "more": "It was Tuesday."}
    first, again = (post(deployed, "say", code=receipt["code"], **more) for _ in range(2))
    assert first == again
    assert (first[0], first[1]["steps"][-1]["answers"]) == (200, {"more": "It was Tuesday."})
    assert steps_of(deployed, receipt["code"])[-1] == "tell_more"
    deployed.client("lambda").invoke(FunctionName=physical(deployed, "Deliver"), Payload=b"{}")  # the next sweep
    told = [take(deployed, council(deployed), "CouncilQueueUrl", receipt["reference"]) for _ in range(2)]
    assert [message["type"] for message in told] == ["submission", "event"]
    assert (told[1]["event"], told[1]["details"]["text"]) == ("told_more", {"more": "It was Tuesday."})


def test_the_sweep_delivers_what_no_bell_was_rung_for(deployed):
    functions, bell = deployed.client("lambda"), physical(deployed, "DeliverAtOnce")
    functions.update_event_source_mapping(UUID=bell, Enabled=False)
    try:
        receipt = send(deployed)
        assert eventually(lambda: "delivered" in steps_of(deployed, receipt["code"]), seconds=100)
    finally:
        functions.update_event_source_mapping(UUID=bell, Enabled=True)


def test_an_update_that_cannot_be_taken_goes_to_its_dead_letters_and_is_taken_when_mended(deployed):
    owner, functions, sqs = {}, deployed.client("lambda"), deployed.client("sqs")
    name = physical(deployed, "CouncilUpdate")
    settings = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    updates = deployed.outputs["UpdatesQueueUrl"]
    sqs.set_queue_attributes(QueueUrl=updates, Attributes={"VisibilityTimeout": "0"})  # five times at once
    receipt = send(deployed)
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**settings, "HEARD_TABLE": "gone"}}
    )
    try:
        say(deployed, owner, reference=receipt["reference"], version=1, status="closed")
        dead = take(deployed, owner, "UpdatesDeadLettersUrl", receipt["reference"])
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": settings})
        sqs.set_queue_attributes(QueueUrl=updates, Attributes={"VisibilityTimeout": "180"})
    sqs.send_message(QueueUrl=updates, MessageBody=json.dumps(dead))
    assert eventually(lambda: "closed" in steps_of(deployed, receipt["code"]))


def test_one_update_that_cannot_be_taken_is_answered_and_holds_up_no_other(deployed):
    receipt, owner = send(deployed), council(deployed)
    say(deployed, owner, reference=receipt["reference"], version=1, status="lost")
    say(deployed, owner, reference=receipt["reference"], version=2, status="closed")
    assert eventually(lambda: "closed" in steps_of(deployed, receipt["code"]))
    reply = take(deployed, owner, "RepliesQueueUrl", receipt["reference"])
    assert (reply["type"], reply["update"], list(reply["problems"])) == ("update_refused", 1, ["status"])


def test_what_the_council_says_it_received_is_held_against_what_was_accepted(deployed):
    receipt = send(deployed)
    assert eventually(lambda: "delivered" in steps_of(deployed, receipt["code"]))
    record = case_of(deployed, receipt["reference"])
    yesterday = f"{datetime.now(UTC).date() - timedelta(days=1)}"
    accepted = record | {"received_at": f"{yesterday}T12:00:00.000Z", "delivered_at": f"{yesterday}T12:00:01.000Z"}
    DynamoDbStore(deployed.client("dynamodb"), deployed.outputs["Table"]).replace(Case.from_record(accepted))
    report = {"type": "received", "day": yesterday, "messages": {}}
    deployed.client("sqs").send_message(QueueUrl=deployed.outputs["UpdatesQueueUrl"], MessageBody=json.dumps(report))
    hashed = sha256(receipt["reference"].encode()).hexdigest()[:12]
    assert eventually(lambda: f'"missing_at_council", "reference": "{hashed}"' in lines_of(deployed))
    assert '"Unreconciled": 1' in lines_of(deployed)


def test_a_letter_that_bounces_is_written_down_on_its_case_and_the_council_is_told(deployed):
    receipt = send(deployed)
    letter = f"{case_of(deployed, receipt['reference'])['id']}-acknowledgement"
    report = {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}, "mail": {"tags": {"letter": [letter]}}}
    deployed.client("sns").publish(TopicArn=deployed.outputs["BouncesTopic"], Message=json.dumps(report))
    assert "undeliverable" in eventually(lambda: case_of(deployed, receipt["reference"]).get("contact_failed"))
    deployed.client("lambda").invoke(FunctionName=physical(deployed, "Deliver"), Payload=b"{}")  # the next sweep
    told = [take(deployed, council(deployed), "CouncilQueueUrl", receipt["reference"]) for _ in range(2)]
    assert [message["type"] for message in told] == ["submission", "event"]
    assert told[1]["details"] == {"channel": "email", "reason": "undeliverable"}


def test_a_message_that_the_council_gives_back_goes_to_the_dead_letters(deployed):
    credentials = council(deployed)
    reference = send(deployed)["reference"]
    sqs = deployed.client("sqs", **credentials)
    seen = []

    def give_back():
        found = sqs.receive_message(QueueUrl=deployed.outputs["CouncilQueueUrl"], MaxNumberOfMessages=10)
        for message in found.get("Messages", []):
            seen.append(json.loads(message["Body"])["reference"])
            again = {"QueueUrl": deployed.outputs["CouncilQueueUrl"], "ReceiptHandle": message["ReceiptHandle"]}
            sqs.change_message_visibility(**again, VisibilityTimeout=0)
        return seen.count(reference) >= 5

    assert eventually(give_back)
    assert eventually(lambda: give_back() and take(deployed, credentials, "CouncilDeadLettersUrl", reference))


def test_an_advocacy_service_is_sent_a_link_and_the_link_opens_a_page(deployed):
    assert post(deployed, "sign-in", email="duty@speakup.example") == (202, {"minutes": 15})
    assert '"step": "link", "outcome": "sent"' in eventually(lambda: lines_of(deployed))
    with call(deployed, f"sign-in?token={'0' * 32}-{'0' * 32}") as page:
        assert "Open my list" in page.read().decode()
    assert post(deployed, "sign-in", token=f"{'0' * 32}-{'0' * 32}")[0] == 404


# What each role may do of the calls below; everything else has to be refused. SweepRole is not among them: its
# trust is bound to the scheduler, and that the sweep delivers is tested above. HealthRole reads one key alone, but
# the emulator does not tell policies which key is asked for.
MAY = {
    "CheckRole": {"pepper"},
    "SendRole": {"pepper", "put"},
    "ReceiptRole": {"pepper", "get"},
    "FollowRole": {"pepper", "get", "put", "by_code", "by_reference"},
    "SayRole": {"pepper", "get", "put", "by_code", "by_reference"},
    "SignInRole": {"pepper", "get", "put", "by_list", "letter"},  # puts links alone: another key of the same kind
    "HealthRole": {"pepper", "get"},
    "DeliverRole": {"get", "put", "by_due", "by_clock", "send_council", "letter"},
    "CouncilUpdateRole": {"get", "put", "by_reference", "by_day", "receive_updates", "send_reply"},
    "BounceRole": {"get", "put"},
}


def calls(stack, credentials):
    """Something of every kind that a role could do wrong. Nothing of it changes a case."""
    table, item = stack.outputs["Table"], {"id": {"S": "nobody"}}
    dynamodb, sqs = stack.client("dynamodb", **credentials), stack.client("sqs", **credentials)
    functions, s3 = stack.client("lambda", **credentials), stack.client("s3", **credentials)
    condition = {"ConditionExpression": "attribute_exists(id)"}

    def query(index, key):
        named = {"KeyConditionExpression": "#key = :value", "ExpressionAttributeNames": {"#key": key}}
        asked = {**named, "ExpressionAttributeValues": {":value": {"S": "none"}}}
        return lambda: dynamodb.query(TableName=table, IndexName=index, **asked)

    def queue(call, name, **arguments):
        return lambda: call(QueueUrl=stack.outputs[f"{name}Url"], **arguments)

    fifo = {"MessageGroupId": "test", "MessageDeduplicationId": secrets.token_hex(8)}
    raw = {"Raw": {"Data": b"From: no-reply@exampleshire.example\r\nSubject: test\r\n\r\ntest\r\n"}}
    return {
        "pepper": lambda: stack.client("secretsmanager", **credentials).get_secret_value(
            SecretId=stack.client("secretsmanager").describe_secret(SecretId=physical(stack, "Pepper"))["ARN"]
        ),
        "get": lambda: dynamodb.get_item(TableName=table, Key=item),
        "put": lambda: dynamodb.put_item(TableName=table, Item=item, **condition),
        "update": lambda: dynamodb.update_item(TableName=table, Key=item, **condition),
        "delete": lambda: dynamodb.delete_item(TableName=table, Key=item),
        "scan": lambda: dynamodb.scan(TableName=table),
        "by_code": query("by_code", "code_hash"),
        "by_reference": query("by_reference", "reference"),
        "by_due": query("by_due", "outbox"),
        "by_clock": query("by_clock", "clock"),
        "by_day": query("by_day", "received_on"),
        "by_list": query("by_list", "listed_for"),
        "send_council": queue(sqs.send_message, "CouncilQueue", MessageBody="{}", **fifo),
        "receive_council": queue(sqs.receive_message, "CouncilQueue", VisibilityTimeout=0),
        "send_updates": queue(sqs.send_message, "UpdatesQueue", MessageBody="{}"),
        "receive_updates": queue(sqs.receive_message, "UpdatesQueue", VisibilityTimeout=0),
        "send_reply": queue(sqs.send_message, "RepliesQueue", MessageBody="{}"),
        "receive_replies": queue(sqs.receive_message, "RepliesQueue", VisibilityTimeout=0),
        "letter": lambda: stack.client("sesv2", **credentials).send_email(
            Destination={"ToAddresses": ["nobody@example.com"]}, Content=raw
        ),
        "start_deliver": lambda: functions.invoke(FunctionName=physical(stack, "Deliver"), Payload=b"{}"),
        "start_send": lambda: functions.invoke(FunctionName=physical(stack, "Send"), Payload=b"{}"),
        "change_page": lambda: s3.put_object(Bucket=stack.outputs["SiteBucket"], Key="en/index.html", Body=b""),
        "open_key": lambda: stack.client("kms", **credentials).encrypt(KeyId=physical(stack, "Key"), Plaintext=b"test"),
        "make_user": lambda: stack.client("iam", **credentials).create_user(UserName="nobody"),
    }


@pytest.mark.parametrize("role", MAY)
def test_a_role_is_refused_everything_that_is_not_its_task(deployed, role):
    allowed = {name for name, call in calls(deployed, as_role(deployed, role)).items() if not is_refused(call)}
    assert allowed == MAY[role]


def test_the_role_of_every_function_is_tried(resources):
    functions = {name for name, resource in resources.items() if resource["Type"] == "AWS::Serverless::Function"}
    assert set(MAY) == {f"{name}Role" for name in functions}


def test_the_council_cannot_read_cases_or_what_others_say(deployed):
    mine = calls(deployed, council(deployed))
    allowed = {name for name, call in mine.items() if not is_refused(call)}
    assert allowed == {"receive_council", "send_updates", "receive_replies"}


def test_the_site_is_uploaded_and_closed_to_whoever_does_not_come_through_cloudfront(deployed):
    assert stacks.upload_site(deployed) > 30
    s3 = deployed.client("s3")
    page = s3.get_object(Bucket=deployed.outputs["SiteBucket"], Key="en/index.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{deployed.site}/en/index.html", timeout=5)  # noqa: S310 - loopback


def test_one_address_serves_pages_and_takes_what_they_send(deployed):
    stacks.upload_site(deployed)
    server = front.serve(deployed)
    address = f"http://127.0.0.1:{server.server_port}"
    with urllib.request.urlopen(f"{address}/en/young/comment", timeout=30) as page:  # noqa: S310 - loopback
        assert page.url.endswith("/en/young/comment/")
        assert 'action="/api/check"' in page.read().decode()
    form = b"form=comment&lang=en&voice=young&form_version=1&what_you_want_to_say=More+buses."
    with urllib.request.urlopen(f"{address}/api/check", form, timeout=30) as answer:  # noqa: S310 - loopback
        assert "More buses." in answer.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{address}/nowhere/", timeout=30)  # noqa: S310 - loopback
    server.shutdown()
    server.server_close()


def queue_for_topics(sqs):
    url = sqs.create_queue(QueueName="somebody")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topics = {"Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **topics}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


def test_each_alarm_rings_and_somebody_is_told(deployed):
    cloudwatch, sqs = deployed.client("cloudwatch"), deployed.client("sqs")
    url, arn = queue_for_topics(sqs)
    deployed.client("sns").subscribe(TopicArn=deployed.outputs["AlarmsTopic"], Protocol="sqs", Endpoint=arn)
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    for alarm in alarms:
        over = {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Value": alarm["Threshold"] + 1}
        cloudwatch.put_metric_data(Namespace=alarm["Namespace"], MetricData=[over])
    told = set()

    def everybody_told():
        cloudwatch.describe_alarms()
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            told.add(json.loads(json.loads(message["Body"])["Message"])["AlarmName"])
        return told == {alarm["AlarmName"] for alarm in alarms}

    assert len(alarms) == 11
    assert eventually(everybody_told), told


def test_deleting_the_stack_leaves_the_cases_and_what_opens_them(bundle, tmp_path):
    with stacks.emulator(tmp_path) as endpoint:
        stack = stacks.deploy(endpoint, bundle.with_suffix(".zip"))
        stack.client("cloudformation").delete_stack(StackName=stacks.STACK)
        assert eventually(lambda: not stack.client("lambda").list_functions()["Functions"])
        assert stack.client("dynamodb").list_tables()["TableNames"] == [stack.outputs["Table"]]
        [kept] = stack.client("secretsmanager").list_secrets()["SecretList"]
        assert "Pepper" in kept["Name"]
        assert not stack.client("apigatewayv2").get_apis()["Items"]
