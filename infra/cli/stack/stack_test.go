package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/infra/cli"
	"cedula/infra/cli/stack"
	"cedula/infra/privacytest"
	"cedula/infra/testenv"
	"cedula/shared/store"
	"cedula/shared/table/dynamo"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

// fakeAWS is the part of an AWS account that the commands use: a real DynamoDB's table, and the other services' protocols.
type fakeAWS struct {
	table string

	mu          sync.Mutex
	keys        map[string]string         // usage-plan keys' values by name
	plans       map[string][]string       // ids of keys by plan
	clientPlans map[string]map[string]any // plans that were created, by name
}

func newFakeAWS(t *testing.T) *fakeAWS {
	t.Helper()
	endpoint := testenv.Setting(t, "DYNAMODB_ENDPOINT")
	a := &fakeAWS{table: "cedula-" + strings.ToLower(t.Name()), keys: map[string]string{}, plans: map[string][]string{}, clientPlans: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", a.serveStack)
	mux.HandleFunc("GET /apikeys", func(w http.ResponseWriter, r *http.Request) { writeList(w, "key-", r.FormValue("name"), a.keys) })
	mux.HandleFunc("POST /apikeys", func(w http.ResponseWriter, r *http.Request) {
		in := readJSON(r)
		name := in["name"].(string)
		a.keys[name] = in["value"].(string)
		writeJSON(w, http.StatusCreated, map[string]any{"id": "key-" + name})
	})
	mux.HandleFunc("GET /usageplans", func(w http.ResponseWriter, _ *http.Request) { writeList(w, "plan-", "", a.clientPlans) })
	mux.HandleFunc("POST /usageplans", func(w http.ResponseWriter, r *http.Request) {
		in := readJSON(r)
		name := in["name"].(string)
		a.clientPlans[name] = in
		writeJSON(w, http.StatusCreated, map[string]any{"id": "plan-" + name})
	})
	mux.HandleFunc("POST /usageplans/{plan}/keys", a.addKey)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_ENDPOINT_URL": server.URL,
		"AWS_ENDPOINT_URL_DYNAMODB": endpoint, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	client := dynamodb.NewFromConfig(cfg)
	if err := dynamo.CreateTable(t.Context(), client, a.table, store.Indexes); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(a.table)})
	})
	return a
}

// serveStack answers for CloudFormation and Secrets Manager.
func (a *fakeAWS) serveStack(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue" {
		writeJSON(w, http.StatusOK, map[string]any{"SecretString": strings.Repeat("s", 64)})
		return
	}
	var outputs string
	for name, value := range map[string]string{
		"TableName": a.table, "DeploymentSecretArn": "arn:aws:secretsmanager:us-east-1:1:secret:x", "ConomyUrl": "https://c.example", "BlnkUrl": "https://b.example",
		"ConomyApiId": "conomyapi", "BlnkApiId": "blnkapi", "StageName": "sandbox", "UsagePlanId": "standard",
	} {
		if r.FormValue("StackName") == "old" && name == "UsagePlanId" {
			continue
		}
		outputs += "<member><OutputKey>" + name + "</OutputKey><OutputValue>" + value + "</OutputValue></member>"
	}
	_, _ = fmt.Fprintf(w, `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>`+
		`<StackName>x</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>%s</Outputs>`+
		`</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, outputs)
}

// writeList lists what has a name that begins with a prefix.
func writeList[T any](w http.ResponseWriter, idPrefix, namePrefix string, byName map[string]T) {
	items := []any{}
	for name := range byName {
		if strings.HasPrefix(name, namePrefix) {
			items = append(items, map[string]any{"id": idPrefix + name, "name": name})
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"item": items})
}

func (a *fakeAWS) addKey(w http.ResponseWriter, r *http.Request) {
	plan, key := r.PathValue("plan"), readJSON(r)["keyId"].(string)
	if slices.Contains(a.plans[plan], key) {
		w.Header().Set("X-Amzn-Errortype", "ConflictException")
		writeJSON(w, http.StatusConflict, map[string]any{"message": "there already"})
		return
	}
	a.plans[plan] = append(a.plans[plan], key)
	writeJSON(w, http.StatusCreated, map[string]any{"id": key})
}

func readJSON(r *http.Request) map[string]any {
	var in map[string]any
	_ = json.NewDecoder(r.Body).Decode(&in)
	return in
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// TestStack: the first client of a stack gets a usage-plan key whose name and value reveal no secret; a client with limits
// gets a plan of its own; to enroll a client again changes nothing.
func TestStack(t *testing.T) {
	a := newFakeAWS(t)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("CEDULA_STACK", "cedula-test")
	first := runJSON(t, "bootstrap --name back-office")
	if got := first["scopes"].([]any)[0]; got != "*" {
		t.Errorf("scope of the first client = %v, want *", got)
	}
	name := "cedula-test-" + first["id"].(string)
	value := a.keys[name]
	for _, secret := range []string{"clientSecret", "conomyKey", "blnkKey"} {
		if text := first[secret].(string); value == "" || strings.Contains(value+name, text) || strings.Contains(text, value) {
			t.Errorf("usage-plan key = %q, want one that does not reveal the %s", value, secret)
		}
	}
	if got := a.plans["standard"]; len(got) != 1 || got[0] != "key-"+name {
		t.Errorf("keys in the stack's plan = %v, want the first client's", got)
	}
	wantError(t, 1, "bootstrap --name again", "the registry has clients already; use `cedula-aws clients create`")
	wantError(t, 1, "clients list --stack old", "the stack old has no output UsagePlanId: deploy it again from this version")

	limited := runJSON(t, "clients create --name shop --scope identity:read --rate 5 --burst 10 --quota 1000")["id"].(string)
	plan := a.clientPlans["cedula-test-"+limited]
	if plan == nil || plan["throttle"].(map[string]any)["rateLimit"] != 5.0 || plan["quota"].(map[string]any)["limit"] != 1000.0 || len(plan["apiStages"].([]any)) != 2 {
		t.Errorf("the client's own plan = %v, want its limits on both APIs", plan)
	}
	mustRun(t, "clients show "+first["id"].(string)+" --enrol")
	mustRun(t, "clients show "+limited+" --enrol")
	if len(a.keys) != 2 || len(a.clientPlans) != 1 || len(a.plans["standard"]) != 1 {
		t.Errorf("after enrolling again: keys %v, plans %v, want no more", a.keys, a.plans)
	}
	if out := mustRun(t, "clients list"); strings.Count(out, "\n") != 3 {
		t.Errorf("clients list = %s, want 2 clients", out)
	}
	if got := runJSON(t, "expire")["examined"]; got != 0.0 {
		t.Errorf("expire examined %v identities, want 0", got)
	}
}

func TestInvalidTargetIsRejected(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"CLIENT_ID": "x", "CLIENT_SECRET": "x", "CONOMY_KEY": "x", "BLNK_KEY": "x", "CEDULA_STACK": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
	} {
		t.Setenv(name, value)
	}
	if out := mustRun(t, "clients"); !strings.Contains(out, "Usage:") {
		t.Errorf("clients = %s, want its help", out)
	}
	for line, want := range map[string]string{
		"clients list":           "--stack is required: the name of the CloudFormation stack; or set CEDULA_STACK",
		"smoke":                  "--stack is required",
		"clients list --data x":  "unknown flag: --data",
		"clients list --stack  ": "flag needs an argument: --stack",
	} {
		wantError(t, 2, line, want)
	}
	const list, noRegion = "clients list --stack x", "no AWS region; set it with --region or AWS_REGION"
	for line, want := range map[string]string{
		list:              noRegion,
		"smoke --stack x": noRegion,

		list + " --region us-east-1 --profile absent": "no AWS configuration: ",
		list + " --region us-east-1":                  "no AWS credentials; set AWS_PROFILE, or name a profile with --profile",
	} {
		wantError(t, 1, line, want)
	}
}

// run runs a command line, given as words separated by spaces.
func run(line string) (out string, status int) {
	var printed, failure bytes.Buffer
	status = cli.Run(cli.New("cedula-aws", "a registry in AWS", &stack.Stack{}), strings.Fields(line), &printed, &failure)
	return printed.String() + failure.String(), status
}

func mustRun(t *testing.T, line string) string {
	t.Helper()
	out, status := run(line)
	if status != 0 {
		t.Fatalf("%s: exit status %d: %s", line, status, out)
	}
	return out
}

// runJSON runs a command line with --json and returns the object that it prints.
func runJSON(t *testing.T, line string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(mustRun(t, line+" --json")), &all); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return all
}

// wantError runs a command line that must fail with one line that contains part.
func wantError(t *testing.T, status int, line, part string) {
	t.Helper()
	out, got := run(line)
	if got != status || strings.Count(out, "\n") != 1 || !strings.Contains(out, part) {
		t.Errorf("%s: exit status %d, %q, want %d and one line with %q", line, got, out, status, part)
	}
}
