"""
Policy templates: names of SAM for what a function or a state machine may do, and their parameters.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
"""

from pizzabar.cloudformation.node import Node, Special, did_you_mean, mapping
from pizzabar.cloudformation.sam_globals import is_intrinsic
from pizzabar.cloudformation.sam_source import Source

_BY_PARAMETERS: dict[tuple[str, ...], tuple[str, ...]] = {
    (): (
        *("AMIDescribePolicy", "CloudFormationDescribeStacksPolicy", "CloudWatchDashboardPolicy"),
        *("CloudWatchDescribeAlarmHistoryPolicy", "CloudWatchPutMetricPolicy"),
        *("CodePipelineLambdaExecutionPolicy", "ComprehendBasicAccessPolicy", "CostExplorerReadOnlyPolicy"),
        *("EC2DescribePolicy", "EKSDescribePolicy", "MobileAnalyticsWriteOnlyAccessPolicy"),
        *("OrganizationsListAccountsPolicy", "RekognitionDetectOnlyPolicy", "RekognitionFacesPolicy"),
        *("RekognitionLabelsPolicy", "SESEmailTemplateCrudPolicy", "ServerlessRepoReadWriteAccessPolicy"),
        *("TextractDetectAnalyzePolicy", "TextractGetResultPolicy", "TextractPolicy", "VPCAccessPolicy"),
    ),
    ("AccessPoint", "FileSystem"): ("EFSWriteAccessPolicy",),
    ("BucketName",): ("S3CrudPolicy", "S3FullAccessPolicy", "S3ReadPolicy", "S3WritePolicy"),
    ("CertificateArn",): ("AcmGetCertificatePolicy",),
    ("ClusterId",): (
        *("ElasticMapReduceAddJobFlowStepsPolicy", "ElasticMapReduceCancelStepsPolicy"),
        *("ElasticMapReduceModifyInstanceFleetPolicy", "ElasticMapReduceModifyInstanceGroupsPolicy"),
        *("ElasticMapReduceSetTerminationProtectionPolicy", "ElasticMapReduceTerminateJobFlowsPolicy"),
    ),
    ("CollectionId",): (
        *("RekognitionFacesManagementPolicy", "RekognitionNoDataAccessPolicy", "RekognitionReadPolicy"),
        *("RekognitionWriteOnlyAccessPolicy",),
    ),
    ("DeliveryStreamName",): ("FirehoseCrudPolicy", "FirehoseWritePolicy"),
    ("DomainName",): ("ElasticsearchHttpPostPolicy",),
    ("EndpointConfigName",): ("SageMakerCreateEndpointConfigPolicy",),
    ("EndpointName",): ("SageMakerCreateEndpointPolicy",),
    ("EventBusName",): ("EventBridgePutEventsPolicy",),
    ("FunctionName",): ("AWSSecretsManagerRotationPolicy", "LambdaInvokePolicy"),
    ("HostedZoneId",): ("Route53ChangeResourceRecordSetsPolicy",),
    ("IdentityName",): ("SESBulkTemplatedCrudPolicy", "SESCrudPolicy", "SESSendBouncePolicy"),
    ("IdentityName", "TemplateName"): ("SESBulkTemplatedCrudPolicy_v2",),
    ("ImageId",): ("EC2CopyImagePolicy",),
    ("KeyId",): ("KMSDecryptPolicy", "KMSEncryptPolicy", "KMSEncryptPolicy_v2"),
    ("LexiconName",): ("PollyFullAccessPolicy",),
    ("LogGroupName",): ("FilterLogEventsPolicy",),
    ("ParameterName",): ("SSMParameterReadPolicy", "SSMParameterWithSlashPrefixReadPolicy"),
    ("PinpointApplicationId",): ("PinpointEndpointAccessPolicy",),
    ("PipelineName",): ("CodePipelineReadOnlyPolicy",),
    ("QueueName",): ("SQSPollerPolicy", "SQSSendMessagePolicy"),
    ("RepositoryName",): ("CodeCommitCrudPolicy", "CodeCommitReadPolicy"),
    ("SecretArn",): ("AWSSecretsManagerGetSecretValuePolicy",),
    ("StateMachineName",): (
        "StepFunctionsCallbackPolicy",
        "StepFunctionsExecutionPolicy",
        "StepFunctionsExecutionPolicy_v2",
    ),
    ("StreamName",): ("KinesisCrudPolicy", "KinesisStreamReadPolicy"),
    ("StreamName", "TableName"): ("DynamoDBStreamReadPolicy",),
    ("TableName",): (
        *("DynamoDBBackupFullAccessPolicy", "DynamoDBCrudPolicy", "DynamoDBReadPolicy"),
        *("DynamoDBReconfigurePolicy", "DynamoDBRestoreFromBackupPolicy", "DynamoDBWritePolicy"),
    ),
    ("TaskDefinition",): ("EcsRunTaskPolicy",),
    ("TopicName",): ("SNSCrudPolicy", "SNSPublishMessagePolicy"),
    ("WorkGroupName",): ("AthenaQueryPolicy",),
}
POLICY_TEMPLATES = {name: parameters for parameters, names in _BY_PARAMETERS.items() for name in names}
"""The parameters of each policy template, by its name."""


def check_policies(source: Source) -> None:
    """Tell policy templates that SAM does not have, and parameters that are missing or too many."""
    policies = source.properties.get("Policies")
    if policies is None:
        return
    for policy in policies.value if isinstance(policies.value, list) else [policies]:
        _check(source, policy)


def _check(source: Source, policy: Node) -> None:
    value = policy.value
    if isinstance(value, str | Special):
        return
    if not isinstance(value, dict):
        source.fault(policy, "a policy is the name of a managed one, a document or a policy template.")
        return
    if "Statement" in value or is_intrinsic(value) or len(value) != 1:
        return
    ((name, given),) = value.items()
    parameters = POLICY_TEMPLATES.get(name)
    if parameters is None:
        hint = did_you_mean(name, POLICY_TEMPLATES)
        source.fault(given, f"the policy template {name} is not known{hint}")
        return
    if not isinstance(given.value, dict):
        if not isinstance(given.value, Special):
            source.fault(given, f"the policy template {name} takes an object of parameters.")
        return
    for missing in sorted(set(parameters) - given.value.keys()):
        source.fault(given, f"the policy template {name} needs the parameter {missing}.")
    for other in sorted(given.value.keys() - set(parameters)):
        hint = did_you_mean(other, parameters)
        source.fault(mapping(given)[other], f"the policy template {name} has no parameter {other}{hint}")
