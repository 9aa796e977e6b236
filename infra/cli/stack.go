package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"cedula/infra/local/admin"
	"cedula/shared/store"
	"cedula/shared/table/dynamo"
)

// openStack reads where a stack keeps its table and its secret from its outputs.
func (c *cli) openStack(ctx context.Context) (*openRegistry, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(c.region), config.WithSharedConfigProfile(c.profile))
	if err != nil {
		return nil, fmt.Errorf("no AWS configuration: %w; see --profile and --region", err)
	}
	if cfg.Region == "" {
		return nil, errors.New("no AWS region; set it with --region")
	}
	out, err := stackOutputs(ctx, cfg, c.stack)
	if err != nil {
		return nil, err
	}
	secret, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(out["DeploymentSecretArn"])})
	if err != nil {
		return nil, fmt.Errorf("cannot read the stack's secret: %w", err)
	}
	t := dynamo.New(dynamodb.NewFromConfig(cfg), out["TableName"], store.Indexes)
	p := &apiGatewayPlans{client: apigateway.NewFromConfig(cfg), stack: c.stack, outputs: out}
	urls := map[string]string{"conomy": out["ConomyUrl"], "blnk": out["BlnkUrl"]}
	r := newRegistry(t, []byte(aws.ToString(secret.SecretString)), "")
	return &openRegistry{Registry: r, addToPlan: p.addClient, urls: urls, close: nothingToClose}, nil
}

// requiredOutputs are the outputs of a stack that the commands use.
var requiredOutputs = []string{"TableName", "DeploymentSecretArn", "ConomyUrl", "BlnkUrl", "ConomyApiId", "BlnkApiId", "StageName", "UsagePlanId"}

func stackOutputs(ctx context.Context, cfg aws.Config, stack string) (map[string]string, error) {
	found, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(stack)})
	if err != nil {
		return nil, fmt.Errorf("cannot read the stack %s: %w", stack, err)
	}
	out := make(map[string]string)
	for _, s := range found.Stacks {
		for _, o := range s.Outputs {
			out[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
	}
	for _, name := range requiredOutputs {
		if out[name] == "" {
			return nil, fmt.Errorf("the stack %s has no output %s: deploy it again from this version", stack, name)
		}
	}
	return out, nil
}

// apiGatewayPlans are API Gateway's usage plans.
type apiGatewayPlans struct {
	client  *apigateway.Client
	stack   string
	outputs map[string]string
}

// addClient creates the client's usage-plan key, named by its id, and adds it to the stack's plan or, if the client has limits
// of its own, to one of its own. The key's value follows from the id and opens nothing.
func (g *apiGatewayPlans) addClient(ctx context.Context, c admin.Client) error {
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
func (g *apiGatewayPlans) ensureKey(ctx context.Context, c admin.Client) (string, error) {
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
func (g *apiGatewayPlans) ensureClientPlan(ctx context.Context, c admin.Client) (string, error) {
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
