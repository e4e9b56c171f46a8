"""
What each operation takes: its parameters as the service declares them.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from dataclasses import replace

from pizzabar.dynamodb.parameters import Member, Parameters

TABLE_NAME = Member("String", required=True, minimum=1, maximum=1024)
KEY = Member("Map", required=True)
EXPRESSION = Member("String")
MAP = Member("Map")
BOOLEAN = Member("Boolean")
RETURN_VALUES = Member("String", choices=("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"))
RETURN_CAPACITY = Member("String", choices=("INDEXES", "TOTAL", "NONE"))
RETURN_METRICS = Member("String", choices=("SIZE", "NONE"))
RETURN_ON_FAILURE = Member("String", choices=("ALL_OLD", "NONE"))
CONDITIONAL_OPERATOR = Member("String", choices=("OR", "AND"))
SELECT = Member("String", choices=("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"))
INDEX_NAME = Member("String", minimum=3, maximum=255, is_name=True)
ATTRIBUTES_TO_GET = Member("List", minimum=1, element=Member("String"))
LIMIT = Member("Integer", minimum=1)
ATTRIBUTE_NAME = Member("String", required=True, minimum=1, maximum=255)
KEY_SCHEMA = Member(
    "List",
    required=True,
    minimum=1,
    element=Member(
        "Structure",
        members={
            "AttributeName": ATTRIBUTE_NAME,
            "KeyType": Member("String", required=True, choices=("HASH", "RANGE")),
        },
    ),
)
ATTRIBUTE_DEFINITIONS = Member(
    "List",
    required=True,
    element=Member(
        "Structure",
        members={
            "AttributeName": ATTRIBUTE_NAME,
            "AttributeType": Member("String", required=True, choices=("B", "N", "S")),
        },
    ),
)
CAPACITY_UNITS = Member("Integer", required=True, minimum=1)
STREAM_VIEW_TYPES = ("NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")

_WRITE = {
    "TableName": TABLE_NAME,
    "ReturnValues": RETURN_VALUES,
    "ReturnConsumedCapacity": RETURN_CAPACITY,
    "ReturnItemCollectionMetrics": RETURN_METRICS,
    "ReturnValuesOnConditionCheckFailure": RETURN_ON_FAILURE,
    "ConditionExpression": EXPRESSION,
    "ExpressionAttributeNames": MAP,
    "ExpressionAttributeValues": MAP,
    "Expected": MAP,
    "ConditionalOperator": CONDITIONAL_OPERATOR,
}
_READ = {
    "TableName": TABLE_NAME,
    "ReturnConsumedCapacity": RETURN_CAPACITY,
    "ConsistentRead": BOOLEAN,
    "ProjectionExpression": EXPRESSION,
    "ExpressionAttributeNames": MAP,
    "AttributesToGet": ATTRIBUTES_TO_GET,
}
_SEARCH = {
    "IndexName": INDEX_NAME,
    "Select": SELECT,
    "Limit": LIMIT,
    "ExclusiveStartKey": MAP,
    "FilterExpression": EXPRESSION,
    "ExpressionAttributeValues": MAP,
    "ConditionalOperator": CONDITIONAL_OPERATOR,
}

THROUGHPUT = Member("Structure", members={"ReadCapacityUnits": CAPACITY_UNITS, "WriteCapacityUnits": CAPACITY_UNITS})
STREAM_SPECIFICATION = Member(
    "Structure",
    members={
        "StreamEnabled": Member("Boolean", required=True),
        "StreamViewType": Member("String", choices=STREAM_VIEW_TYPES),
    },
)
SSE_SPECIFICATION = Member(
    "Structure",
    members={
        "Enabled": BOOLEAN,
        "SSEType": Member("String", choices=("AES256", "KMS")),
        "KMSMasterKeyId": Member("String"),
    },
)
_INDEX: dict[str, Member] = {
    "IndexName": Member("String", required=True, minimum=3, maximum=255, is_name=True),
    "KeySchema": KEY_SCHEMA,
    "Projection": Member(
        "Structure",
        required=True,
        members={
            "ProjectionType": Member("String", choices=("ALL", "KEYS_ONLY", "INCLUDE")),
            "NonKeyAttributes": Member(
                "List", minimum=1, maximum=20, element=Member("String", minimum=1, maximum=255)
            ),
        },
    ),
}
_GLOBAL_INDEX = _INDEX | {
    "ProvisionedThroughput": THROUGHPUT,
    "OnDemandThroughput": Member("Structure"),
    "WarmThroughput": Member("Structure"),
}
_INDEX_NAME = Member("String", required=True, minimum=3, maximum=255, is_name=True)
TAGS = Member(
    "List",
    element=Member(
        "Structure",
        members={
            "Key": Member("String", required=True, minimum=1, maximum=128),
            "Value": Member("String", required=True, maximum=256),
        },
    ),
)

CREATE_TABLE = Parameters(
    TableName=TABLE_NAME,
    AttributeDefinitions=ATTRIBUTE_DEFINITIONS,
    KeySchema=KEY_SCHEMA,
    BillingMode=Member("String", choices=("PROVISIONED", "PAY_PER_REQUEST")),
    ProvisionedThroughput=THROUGHPUT,
    StreamSpecification=STREAM_SPECIFICATION,
    TableClass=Member("String", choices=("STANDARD", "STANDARD_INFREQUENT_ACCESS")),
    DeletionProtectionEnabled=BOOLEAN,
    LocalSecondaryIndexes=Member("List", element=Member("Structure", members=_INDEX)),
    GlobalSecondaryIndexes=Member("List", element=Member("Structure", members=_GLOBAL_INDEX)),
    VectorIndexes=Member("List"),
    Tags=TAGS,
    SSESpecification=SSE_SPECIFICATION,
    OnDemandThroughput=Member("Structure"),
    WarmThroughput=Member("Structure"),
    ResourcePolicy=Member("String"),
)
UPDATE_TABLE = Parameters(
    TableName=TABLE_NAME,
    AttributeDefinitions=replace(ATTRIBUTE_DEFINITIONS, required=False),
    BillingMode=Member("String", choices=("PROVISIONED", "PAY_PER_REQUEST")),
    ProvisionedThroughput=THROUGHPUT,
    StreamSpecification=STREAM_SPECIFICATION,
    TableClass=Member("String", choices=("STANDARD", "STANDARD_INFREQUENT_ACCESS")),
    DeletionProtectionEnabled=BOOLEAN,
    GlobalSecondaryIndexUpdates=Member(
        "List",
        element=Member(
            "Structure",
            members={
                "Create": Member("Structure", members=_GLOBAL_INDEX),
                "Update": Member(
                    "Structure", members={"IndexName": _INDEX_NAME, "ProvisionedThroughput": THROUGHPUT}
                ),
                "Delete": Member("Structure", members={"IndexName": _INDEX_NAME}),
            },
        ),
    ),
    SSESpecification=SSE_SPECIFICATION,
    OnDemandThroughput=Member("Structure"),
    WarmThroughput=Member("Structure"),
    ReplicaUpdates=Member("List"),
)
RESOURCE = Parameters(ResourceArn=Member("String", required=True, minimum=1, maximum=1283))
TAG_RESOURCE = Parameters(
    ResourceArn=Member("String", required=True, minimum=1, maximum=1283), Tags=replace(TAGS, required=True)
)
UNTAG_RESOURCE = Parameters(
    ResourceArn=Member("String", required=True, minimum=1, maximum=1283),
    TagKeys=Member("List", required=True, element=Member("String", minimum=1, maximum=128)),
)
ONE_TABLE = Parameters(TableName=TABLE_NAME)
LIST_TABLES = Parameters(
    ExclusiveStartTableName=Member("String", minimum=3, maximum=255, is_name=True),
    Limit=Member("Integer", minimum=1, maximum=100),
)
UPDATE_TIME_TO_LIVE = Parameters(
    TableName=TABLE_NAME,
    TimeToLiveSpecification=Member(
        "Structure",
        required=True,
        members={"Enabled": Member("Boolean", required=True), "AttributeName": ATTRIBUTE_NAME},
    ),
)
PUT_ITEM = Parameters(Item=Member("Map", required=True), **_WRITE)
DELETE_ITEM = Parameters(Key=KEY, **_WRITE)
UPDATE_ITEM = Parameters(Key=KEY, UpdateExpression=EXPRESSION, AttributeUpdates=MAP, **_WRITE)
GET_ITEM = Parameters(Key=KEY, **_READ)
QUERY = Parameters(
    KeyConditionExpression=EXPRESSION,
    ScanIndexForward=BOOLEAN,
    KeyConditions=MAP,
    QueryFilter=MAP,
    **_READ,
    **_SEARCH,
)
SCAN = Parameters(
    Segment=Member("Integer", minimum=0, maximum=999_999),
    TotalSegments=Member("Integer", minimum=1, maximum=1_000_000),
    ScanFilter=MAP,
    **_READ,
    **_SEARCH,
)

_KEYS = {
    "Keys": Member("List", required=True, element=MAP),
    "ConsistentRead": BOOLEAN,
    "ProjectionExpression": EXPRESSION,
    "ExpressionAttributeNames": MAP,
    "AttributesToGet": ATTRIBUTES_TO_GET,
}
_OF_WRITES = {"ReturnConsumedCapacity": RETURN_CAPACITY, "ReturnItemCollectionMetrics": RETURN_METRICS}
BATCH_GET_ITEM = Parameters(
    RequestItems=Member("Map", required=True, element=Member("Structure", members=_KEYS)),
    ReturnConsumedCapacity=RETURN_CAPACITY,
)
BATCH_WRITE_ITEM = Parameters(
    RequestItems=Member(
        "Map",
        required=True,
        element=Member(
            "List",
            element=Member(
                "Structure",
                members={
                    "PutRequest": Member("Structure", members={"Item": Member("Map", required=True)}),
                    "DeleteRequest": Member("Structure", members={"Key": KEY}),
                },
            ),
        ),
    ),
    **_OF_WRITES,
)
TRANSACT_GET_ITEMS = Parameters(
    TransactItems=Member("List", required=True, minimum=1, maximum=100, element=Member("Structure")),
    ReturnConsumedCapacity=RETURN_CAPACITY,
)
TRANSACTION_GET = Parameters(
    TableName=TABLE_NAME, Key=KEY, ProjectionExpression=EXPRESSION, ExpressionAttributeNames=MAP
)
TRANSACT_WRITE_ITEMS = Parameters(
    TransactItems=Member("List", required=True, minimum=1, maximum=100, element=Member("Structure")),
    ClientRequestToken=Member("String", minimum=1, maximum=36),
    **_OF_WRITES,
)
_ACTION = {
    "TableName": TABLE_NAME,
    "ConditionExpression": EXPRESSION,
    "ExpressionAttributeNames": MAP,
    "ExpressionAttributeValues": MAP,
    "ReturnValuesOnConditionCheckFailure": RETURN_ON_FAILURE,
}
TRANSACTION_WRITES = {
    "Put": Parameters(Item=Member("Map", required=True), **_ACTION),
    "Delete": Parameters(Key=KEY, **_ACTION),
    "Update": Parameters(Key=KEY, UpdateExpression=Member("String", required=True), **_ACTION),
    "ConditionCheck": Parameters(Key=KEY, **(_ACTION | {"ConditionExpression": Member("String", required=True)})),
}

_STREAM_ARN = Member("String", minimum=37, maximum=1024)
_SHARD_ID = Member("String", minimum=28, maximum=65)
_SEQUENCE_NUMBER = Member("String", minimum=21, maximum=40)
LIST_STREAMS = Parameters(
    TableName=Member("String", minimum=3, maximum=255, is_name=True),
    Limit=Member("Integer", minimum=1, maximum=100),
    ExclusiveStartStreamArn=_STREAM_ARN,
)
DESCRIBE_STREAM = Parameters(
    StreamArn=replace(_STREAM_ARN, required=True),
    Limit=Member("Integer", minimum=1, maximum=100),
    ExclusiveStartShardId=_SHARD_ID,
    ShardFilter=Member("Structure"),
)
GET_SHARD_ITERATOR = Parameters(
    StreamArn=replace(_STREAM_ARN, required=True),
    ShardId=replace(_SHARD_ID, required=True),
    ShardIteratorType=Member(
        "String",
        required=True,
        choices=("AFTER_SEQUENCE_NUMBER", "LATEST", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"),
    ),
    SequenceNumber=_SEQUENCE_NUMBER,
)
GET_RECORDS = Parameters(
    ShardIterator=Member("String", required=True, minimum=1, maximum=2048),
    Limit=Member("Integer", minimum=1, maximum=1000),
)

_STATEMENT: dict[str, Member] = {
    "Statement": Member("String", required=True, minimum=1, maximum=8192),
    "Parameters": Member("List", minimum=1, element=MAP),
    "ReturnValuesOnConditionCheckFailure": RETURN_ON_FAILURE,
}
EXECUTE_STATEMENT = Parameters(
    ConsistentRead=BOOLEAN,
    NextToken=Member("String", minimum=1, maximum=32768),
    ReturnConsumedCapacity=RETURN_CAPACITY,
    Limit=LIMIT,
    **_STATEMENT,
)
BATCH_EXECUTE_STATEMENT = Parameters(
    Statements=Member(
        "List",
        required=True,
        minimum=1,
        maximum=25,
        element=Member("Structure", members=_STATEMENT | {"ConsistentRead": BOOLEAN}),
    ),
    ReturnConsumedCapacity=RETURN_CAPACITY,
)
EXECUTE_TRANSACTION = Parameters(
    TransactStatements=Member(
        "List", required=True, minimum=1, maximum=100, element=Member("Structure", members=_STATEMENT)
    ),
    ClientRequestToken=Member("String", minimum=1, maximum=36),
    ReturnConsumedCapacity=RETURN_CAPACITY,
)
