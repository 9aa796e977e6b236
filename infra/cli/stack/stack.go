// Package stack finds a registry that runs in AWS.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/pflag"

	"cedula/infra/cli"
	"cedula/infra/local/admin"
	"cedula/shared/store"
	"cedula/shared/table/dynamo"
)

// Stack is a registry in AWS.
type Stack struct{ Name, Region, Profile string }

// AddFlags implements cli.Target.
func (s *Stack) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&s.Name, "stack", os.Getenv("CEDULA_STACK"), "name of the CloudFormation stack, or CEDULA_STACK (required)")
	f.StringVar(&s.Region, "region", "", "AWS region of the stack, or AWS_REGION (default: the profile's)")
	f.StringVar(&s.Profile, "profile", "", "AWS profile, or AWS_PROFILE")
}

// Check implements cli.Target.
func (s *Stack) Check() error {
	if s.Name == "" {
		return errors.New("--stack is required: the name of the CloudFormation stack; or set CEDULA_STACK")
	}
	return nil
}

// EnvFile implements cli.Target.
func (s *Stack) EnvFile() string { return "" }

// BaseURLs implements cli.Target.
func (s *Stack) BaseURLs(ctx context.Context) (map[string]string, error) {
	_, out, err := s.outputs(ctx)
	return map[string]string{"conomy": out["ConomyUrl"], "blnk": out["BlnkUrl"]}, err
}

// Open implements cli.Target. It reads from the stack's outputs where the table and the secret are.
func (s *Stack) Open(ctx context.Context) (*cli.Registry, error) {
	cfg, out, err := s.outputs(ctx)
	if err != nil {
		return nil, err
	}
	secret, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(out["DeploymentSecretArn"])})
	if err != nil {
		return nil, fmt.Errorf("cannot read the stack's secret: %w", err)
	}
	t := dynamo.New(dynamodb.NewFromConfig(cfg), out["TableName"], store.Indexes)
	p := &usagePlans{client: apigateway.NewFromConfig(cfg), stack: s.Name, outputs: out}
	return &cli.Registry{Registry: cli.OnTable(t, []byte(aws.ToString(secret.SecretString)), ""), AddToPlan: p.addClient}, nil
}

// requiredOutputs are the outputs of a stack that the commands use.
var requiredOutputs = []string{"TableName", "DeploymentSecretArn", "ConomyUrl", "BlnkUrl", "ConomyApiId", "BlnkApiId", "StageName", "UsagePlanId"}

// outputs returns the AWS configuration and the stack's outputs.
func (s *Stack) outputs(ctx context.Context) (aws.Config, map[string]string, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(s.Region), config.WithSharedConfigProfile(s.Profile), config.WithLogger(logging.Nop{}))
	if err != nil {
		return cfg, nil, fmt.Errorf("no AWS configuration: %w; see --profile and --region", err)
	}
	if cfg.Region == "" {
		return cfg, nil, errors.New("no AWS region; set it with --region or AWS_REGION")
	}
	if s.Profile == "" && os.Getenv("AWS_PROFILE") == "" {
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return cfg, nil, errors.New("no AWS credentials; set AWS_PROFILE, or name a profile with --profile")
		}
	}
	found, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(s.Name)})
	if err != nil {
		return cfg, nil, fmt.Errorf("cannot read the stack %s: %w", s.Name, err)
	}
	out := make(map[string]string)
	for _, one := range found.Stacks {
		for _, o := range one.Outputs {
			out[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
	}
	for _, name := range requiredOutputs {
		if out[name] == "" {
			return cfg, nil, fmt.Errorf("the stack %s has no output %s: deploy it again from this version", s.Name, name)
		}
	}
	return cfg, out, nil
}

// usagePlans adds clients to API Gateway's usage plans.
type usagePlans struct {
	client  *apigateway.Client
	stack   string
	outputs map[string]string
}

// addClient creates the client's usage-plan key, named by its id, and adds it to the stack's plan or, if the client has limits
// of its own, to one of its own. The key's value follows from the id and opens nothing.
func (g *usagePlans) addClient(ctx context.Context, c admin.Client) error {
	keyID, err := g.ensureKey(ctx, c)
	if err != nil {
		return err
	}
	plan := g.outputs["UsagePlanId"]
	if c.Rate != 0 || c.Burst != 0 || c.Quota != 0 {
		plan, err = g.ensureClientPlan(ctx, c)
		if err != nil {
			return err
		}
	}
	_, err = g.client.CreateUsagePlanKey(ctx, &apigateway.CreateUsagePlanKeyInput{
		UsagePlanId: aws.String(plan), KeyId: aws.String(keyID), KeyType: aws.String("API_KEY"),
	})
	var there *types.ConflictException
	if errors.As(err, &there) {
		return nil
	}
	return err
}

// ensureKey returns the id of the client's usage-plan key. It creates a missing key.
func (g *usagePlans) ensureKey(ctx context.Context, c admin.Client) (string, error) {
	name := aws.String(g.stack + "-" + c.ID)
	found, err := g.client.GetApiKeys(ctx, &apigateway.GetApiKeysInput{NameQuery: name})
	if err != nil {
		return "", err
	}
	for _, k := range found.Items {
		if aws.ToString(k.Name) == *name {
			return aws.ToString(k.Id), nil
		}
	}
	made, err := g.client.CreateApiKey(ctx, &apigateway.CreateApiKeyInput{
		Name: name, Value: aws.String(c.UsagePlanKey), Enabled: true, Description: aws.String("counts the requests of a client; grants no access"),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(made.Id), nil
}

// ensureClientPlan returns the id of the client's own usage plan. It creates a missing plan.
func (g *usagePlans) ensureClientPlan(ctx context.Context, c admin.Client) (string, error) {
	name := g.stack + "-" + c.ID
	pages := apigateway.NewGetUsagePlansPaginator(g.client, &apigateway.GetUsagePlansInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, p := range page.Items {
			if aws.ToString(p.Name) == name {
				return aws.ToString(p.Id), nil
			}
		}
	}
	stage := aws.String(g.outputs["StageName"])
	in := &apigateway.CreateUsagePlanInput{Name: aws.String(name), ApiStages: []types.ApiStage{
		{ApiId: aws.String(g.outputs["ConomyApiId"]), Stage: stage}, {ApiId: aws.String(g.outputs["BlnkApiId"]), Stage: stage},
	}}
	if c.Rate > 0 || c.Burst > 0 {
		in.Throttle = &types.ThrottleSettings{RateLimit: c.Rate, BurstLimit: int32(c.Burst)}
	}
	if c.Quota > 0 {
		in.Quota = &types.QuotaSettings{Limit: int32(c.Quota), Period: types.QuotaPeriodTypeDay}
	}
	made, err := g.client.CreateUsagePlan(ctx, in)
	if err != nil {
		return "", err
	}
	return aws.ToString(made.Id), nil
}
