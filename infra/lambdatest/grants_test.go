package lambdatest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"cedula/infra/template"
)

// usedGrants are the grants that functions have used, over all tests, by folder.
var usedGrants = struct {
	sync.Mutex
	by map[string]map[template.Grant]bool
}{by: map[string]map[template.Grant]bool{}}

func recordUse(folder string, g template.Grant) {
	usedGrants.Lock()
	defer usedGrants.Unlock()
	if usedGrants.by[folder] == nil {
		usedGrants.by[folder] = map[template.Grant]bool{}
	}
	usedGrants.by[folder][g] = true
}

// unusedGrants are the grants that no replay uses. The functions need them to remove an expired identity that has more
// items than one transaction can delete; only conomy/create-identity is tested with such an identity.
var unusedGrants = map[string]template.Grant{
	"blnk/create-identity": conditionCheck,
	"blnk/update-identity": conditionCheck,
}

var conditionCheck = template.Grant{Action: "dynamodb:ConditionCheckItem", Resource: "Table", Key: "T#*"}

// grants returns what a function's role allows on the services that replays have: not its log, environment and events.
func (d *deployment) grants(folder string) []template.Grant {
	services := []string{"Table", "TokenKey", "VaultKey"}
	return slices.DeleteFunc(template.Grants(d.template.Role(d.functions[folder])), func(g template.Grant) bool {
		id, _, _ := strings.Cut(g.Resource, "/")
		return !slices.Contains(services, id) && g.Action != "ses:SendEmail" && g.Action != "sns:Publish"
	})
}

// grantsAreUsed compares the grants with their use when all tests have run. A call that is not granted has failed its
// test.
func grantsAreUsed() bool {
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" {
		return true // not all tests
	}
	differences, err := compareGrants()
	if err != nil || len(differences) > 0 {
		fmt.Printf("grants that are not used, or are used and listed as unused: %v\n%s\n", err, strings.Join(differences, "\n"))
		return false
	}
	return true
}

// compareGrants returns the differences, and writes the used grants to .build/calls.txt.
func compareGrants() (differences []string, err error) {
	d, err := readDeployment()
	if err != nil {
		return nil, err
	}
	var used strings.Builder
	for _, folder := range slices.Sorted(maps.Keys(d.functions)) {
		for _, g := range d.grants(folder) {
			if usedGrants.by[folder][g] == (unusedGrants[folder] == g) {
				differences = append(differences, folder+": "+g.String())
			}
			if usedGrants.by[folder][g] {
				used.WriteString(folder + " " + g.String() + "\n")
			}
		}
	}
	path := filepath.Join(d.root, ".build", "calls.txt")
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	return differences, os.WriteFile(path, []byte(used.String()), 0o600)
}

// roleChecked is a service of AWS as a function's role sees it: a call that the role does not allow is denied, and
// fails the test. The role is checked by action, resource and partition key, which is all that the template's statements on
// the service depend on.
func (d *deployment) roleChecked(t *testing.T, folder, service string, required func(operation string, body []byte) []template.Grant) string {
	t.Helper()
	target, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	granted, onward := d.grants(folder), httputil.NewSingleHostReverseProxy(target)
	onward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client was killed
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		needed := required(operation, body)
		if len(needed) == 0 {
			t.Errorf("%s: no grant is known for %s: %s", folder, operation, body)
		}
		for _, need := range needed {
			by := slices.IndexFunc(granted, func(g template.Grant) bool { return g.Allows(need) })
			if by < 0 {
				t.Errorf("%s: the role does not allow %v, for %s", folder, need, operation)
				http.Error(w, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`, http.StatusBadRequest)
				return
			}
			recordUse(folder, granted[by])
		}
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// requiredOfKMS returns the grant that a call of KMS needs.
func requiredOfKMS(operation string, body []byte) []template.Grant {
	var r struct{ KeyId string } //nolint:revive // KMS's spelling
	_ = json.Unmarshal(body, &r)
	key := map[string]string{SigningKeyID: "TokenKey", WrappingKeyID: "VaultKey"}[r.KeyId]
	return []template.Grant{{Action: "kms:" + operation, Resource: key}}
}

// keyAttributes are the attributes of an item or a key that name its partition.
type keyAttributes struct{ PK struct{ S string } }

// dynamoDBRequest is what of a call of DynamoDB determines its grants.
type dynamoDBRequest struct {
	Key, Item     keyAttributes
	RequestItems  map[string]struct{ Keys []keyAttributes }
	TransactItems []struct {
		Put                    *struct{ Item keyAttributes }
		Delete, ConditionCheck *struct{ Key keyAttributes }
	}
	IndexName                 string
	ExpressionAttributeValues map[string]struct{ S string }
}

// requiredOfDynamoDB returns the grants that a call of DynamoDB needs.
func requiredOfDynamoDB(operation string, body []byte) (needed []template.Grant) {
	var r dynamoDBRequest
	_ = json.Unmarshal(body, &r)
	add := func(action, key string) {
		needed = append(needed, template.Grant{Action: "dynamodb:" + action, Resource: "Table", Key: key})
	}
	switch operation {
	case "GetItem", "DeleteItem":
		add(operation, r.Key.PK.S)
	case "PutItem":
		add(operation, r.Item.PK.S)
	case "Query":
		add(operation, r.ExpressionAttributeValues[":p"].S)
		if r.IndexName != "" {
			needed[0].Resource += "/index/" + r.IndexName
		}
	}
	for _, list := range r.RequestItems {
		for _, k := range list.Keys {
			add(operation, k.PK.S)
		}
	}
	for _, op := range r.TransactItems {
		if op.Put != nil {
			add("PutItem", op.Put.Item.PK.S)
		}
		if op.Delete != nil {
			add("DeleteItem", op.Delete.Key.PK.S)
		}
		if op.ConditionCheck != nil {
			add("ConditionCheckItem", op.ConditionCheck.Key.PK.S)
		}
	}
	return needed
}
