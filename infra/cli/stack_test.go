package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/infra/testenv"
	"cedula/shared/store"
	"cedula/shared/table/dynamo"
)

// fakeAWS is as much of an AWS account as the commands ask for: the table is a
// real DynamoDB's, the rest answers in the services' own protocols and keeps
// what it was told.
type fakeAWS struct {
	table string

	mu          sync.Mutex
	keys        map[string]string         // usage-plan keys' values by name
	plans       map[string][]string       // ids of keys by plan
	clientPlans map[string]map[string]any // plans that were made, by name
	calls       []string
}

func newFakeAWS(t *testing.T) *fakeAWS {
	t.Helper()
	endpoint := testenv.Setting(t, "DYNAMODB_ENDPOINT")
	a := &fakeAWS{table: "cedula-" + strings.ToLower(t.Name()), keys: map[string]string{}, plans: map[string][]string{}, clientPlans: map[string]map[string]any{}}
	server := httptest.NewServer(a)
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
		_, _ = client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String(a.table)})
	})
	return a
}

func (a *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	var in map[string]any
	_ = json.Unmarshal(body, &in)
	switch {
	case form.Get("Action") == "DescribeStacks":
		a.describeStacks(w)
	case r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue":
		writeJSON(w, http.StatusOK, map[string]any{"SecretString": strings.Repeat("s", 64)})
	default:
		a.serveAPIGateway(w, r, in)
	}
}

func (a *fakeAWS) describeStacks(w http.ResponseWriter) {
	var members string
	for name, value := range map[string]string{
		"TableName": a.table, "DeploymentSecretArn": "arn:aws:secretsmanager:us-east-1:1:secret:x", "ConomyUrl": "https://c.example", "BlnkUrl": "https://b.example",
		"ConomyApiId": "conomyapi", "BlnkApiId": "blnkapi", "StageName": "sandbox", "UsagePlanId": "standard",
	} {
		members += "<member><OutputKey>" + name + "</OutputKey><OutputValue>" + value + "</OutputValue></member>"
	}
	_, _ = fmt.Fprintf(w, `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>`+
		`<StackName>x</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>%s</Outputs>`+
		`</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, members)
}

// serveAPIGateway is API Gateway's REST API for keys and plans.
func (a *fakeAWS) serveAPIGateway(w http.ResponseWriter, r *http.Request, in map[string]any) {
	a.calls = append(a.calls, r.Method+" "+r.URL.Path)
	switch {
	case r.Method == "GET" && r.URL.Path == "/apikeys":
		items := []any{}
		for name := range a.keys {
			if strings.HasPrefix(name, r.URL.Query().Get("name")) {
				items = append(items, map[string]any{"id": "key-" + name, "name": name})
			}
		}
		writeJSON(w, http.StatusOK, map[string]any{"item": items})
	case r.Method == "POST" && r.URL.Path == "/apikeys":
		name := in["name"].(string)
		a.keys[name] = in["value"].(string)
		writeJSON(w, http.StatusCreated, map[string]any{"id": "key-" + name})
	case r.Method == "GET" && r.URL.Path == "/usageplans":
		writeJSON(w, http.StatusOK, map[string]any{"item": []any{}})
	case r.Method == "POST" && r.URL.Path == "/usageplans":
		a.clientPlans[in["name"].(string)] = in
		writeJSON(w, http.StatusCreated, map[string]any{"id": "plan-" + in["name"].(string)})
	case r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/keys"):
		plan := strings.Split(r.URL.Path, "/")[2]
		for _, have := range a.plans[plan] {
			if have == in["keyId"] {
				w.Header().Set("X-Amzn-Errortype", "ConflictException")
				writeJSON(w, http.StatusConflict, map[string]any{"message": "there already"})
				return
			}
		}
		a.plans[plan] = append(a.plans[plan], in["keyId"].(string))
		writeJSON(w, http.StatusCreated, map[string]any{"id": in["keyId"]})
	default:
		writeJSON(w, http.StatusNotFound, map[string]any{"message": "no such call"})
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// TestAgainstAStack: the first client of a stack is made with its usage-plan
// key, whose name and value hold no secret of its own; one with limits gets a
// plan of its own; to enrol again changes nothing.
func TestAgainstAStack(t *testing.T) {
	a := newFakeAWS(t)
	s := &server{}
	stack := []string{"--stack", "cedula-test", "--region", "us-east-1"}
	run := func(words ...string) map[string]any { return s.runJSON(t, append(stack, words...)...) }
	first := run("bootstrap", "--name", "back-office")
	if first["scopes"].([]any)[0] != "*" {
		t.Errorf("the first client may do %v", first["scopes"])
	}
	name := "cedula-test-" + first["id"].(string)
	value := a.keys[name]
	for _, secret := range []string{"clientSecret", "conomyKey", "blnkKey"} {
		if text := first[secret].(string); value == "" || strings.Contains(value+name, text) || strings.Contains(text, value) {
			t.Errorf("the usage-plan key %q shows the %s, or is not there", value, secret)
		}
	}
	if len(a.plans["standard"]) != 1 || a.plans["standard"][0] != "key-"+name {
		t.Errorf("plans: %v", a.plans)
	}
	if out, err := s.run(append(stack, "bootstrap", "--name", "again")...); err == nil || !strings.Contains(out, "has 1 clients") {
		t.Errorf("a second first client: %s", out)
	}
	limited := run("clients", "create", "--name", "shop", "--scope", "identity:read", "--rate", "5", "--burst", "10", "--quota", "1000")
	plan := a.clientPlans["cedula-test-"+limited["id"].(string)]
	if plan == nil || plan["throttle"].(map[string]any)["rateLimit"] != 5.0 || plan["quota"].(map[string]any)["limit"] != 1000.0 || len(plan["apiStages"].([]any)) != 2 {
		t.Errorf("the client's own plan is %v", plan)
	}
	run("clients", "show", first["id"].(string), "--enrol")
	if len(a.keys) != 2 || len(a.plans["standard"]) != 1 {
		t.Errorf("enrolled twice: %v, %v", a.keys, a.plans)
	}
	if out, err := s.run("clients", "list", "--stack", "cedula-test", "--region", "us-east-1"); err != nil || strings.Count(out, "\n") != 3 {
		t.Errorf("%v: %s", err, out)
	}
}
