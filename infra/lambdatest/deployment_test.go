package lambdatest_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/infra/lambdatest"
	"cedula/infra/lambdatest/fakekms"
	"cedula/infra/privacytest"
	"cedula/infra/template"
)

// deployment is what the stack would give to its functions.
type deployment struct {
	root       string
	template   *template.Template
	values     map[string]string // by environment variable, as the template would set it
	serviceEnv []string          // where AWS's services are
	kmsURL     string            // and KMS among them
}

// newDeployment has a KMS of its own and DynamoDB at the given URL.
func newDeployment(t *testing.T, dynamoDB string) *deployment {
	t.Helper()
	root, err := template.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := template.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := fakekms.New()
	if err != nil {
		t.Fatal(err)
	}
	kms := httptest.NewServer(keys)
	t.Cleanup(kms.Close)
	return &deployment{
		root: root, template: tmpl,
		values:     lambdatest.Environment(),
		serviceEnv: []string{"AWS_ENDPOINT_URL_DYNAMODB=" + dynamoDB, "AWS_ENDPOINT_URL_KMS=" + kms.URL},
		kmsURL:     kms.URL,
	}
}

// newEmptyDynamoDB is a DynamoDB that finds nothing.
func newEmptyDynamoDB(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// functions are the template's, by folder.
func (d *deployment) functions() map[string]template.Resource {
	found := map[string]template.Resource{}
	for id, r := range d.template.ResourcesOfType(template.TypeFunction) {
		found[template.FunctionFolder(id)] = r
	}
	return found
}

// environment is what the template sets for a function, less the variables named.
func (d *deployment) environment(t *testing.T, folder string, less ...string) []string {
	t.Helper()
	env := slices.Clone(d.serviceEnv)
	for _, name := range d.functions()[folder].VariableNames() {
		if d.values[name] == "" {
			t.Fatalf("%s: the template sets %s, which no function reads", folder, name)
		}
		if !slices.Contains(less, name) {
			env = append(env, name+"="+d.values[name])
		}
	}
	return env
}

// startWithEnv starts a function's bootstrap.
func (d *deployment) startWithEnv(t *testing.T, folder string, env []string) *lambdatest.Function {
	t.Helper()
	path := bootstraps(t)[folder]
	if path == "" {
		t.Fatalf("%s: in the template and not under functions/", folder)
	}
	timeout, ok := d.functions()[folder].Properties["Timeout"].(int)
	if !ok {
		timeout, _ = template.Lookup(d.template.Globals["Function"], "Timeout").(int)
	}
	f, err := lambdatest.Start(lambdatest.Config{
		Log:       privacytest.Log,
		Bootstrap: path, Name: strings.ReplaceAll(folder, "/", "-"), Env: env, Timeout: time.Duration(timeout) * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Stop)
	return f
}

var buildOnce = sync.OnceValues(func() (map[string]string, error) {
	root, err := template.ModuleRoot()
	if err != nil {
		return nil, err
	}
	if err := statSources(root); err != nil {
		return nil, err
	}
	return lambdatest.BuildAll(context.Background(), root)
})

// bootstraps builds every function, once for all tests.
func bootstraps(t *testing.T) map[string]string {
	t.Helper()
	built, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// statSources looks at every file that a bootstrap is built from: the go command
// remembers a test's success until a file that the test looked at changes, and
// what a compiler reads it does not see.
func statSources(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root:
			return fs.SkipDir
		case strings.HasSuffix(path, ".go"), entry.Name() == "go.mod", entry.Name() == "go.sum":
			_, err = os.Stat(path)
		}
		return err
	})
}

func requestContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func decode(t *testing.T, payload []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(payload, into); err != nil {
		t.Fatalf("%v: %s", err, payload)
	}
}
