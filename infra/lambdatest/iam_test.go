package lambdatest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
)

// permission is one action on items, or with an index, which may be "*", on its
// entries, whose partition key matches a pattern: "T#*" or one key.
type permission struct{ action, index, key string }

func (p permission) String() string {
	text := p.action + " " + p.key
	if p.index != "" {
		text += " in " + p.index
	}
	return text
}

func (p permission) allows(wanted permission) bool {
	prefix, open := strings.CutSuffix(p.key, "*")
	return p.action == wanted.action && (p.index == wanted.index || p.index == "*" && wanted.index != "") &&
		(p.key == wanted.key || open && strings.HasPrefix(wanted.key, prefix))
}

// grantedPermissions are what a function's role allows on the table, on the keys of
// tokens and of tokenized fields and on whoever sends messages, by the template.
func (d *deployment) grantedPermissions(folder string) []permission {
	attribute, _ := template.Lookup(d.functions()[folder].Properties, "Role", "Fn::GetAtt").(string)
	policies, _ := d.template.Resources[strings.TrimSuffix(attribute, ".Arn")].Properties["Policies"].([]any)
	var granted []permission
	for _, policy := range policies {
		statements, _ := template.Lookup(policy, "PolicyDocument", "Statement").([]any)
		for _, s := range statements {
			granted = append(granted, statementPermissions(s)...)
		}
	}
	return granted
}

// statementPermissions is what a statement grants, if it is of those services and not of what
// Lambda itself does for a function: read its environment and its events, write
// its log.
func statementPermissions(s any) (granted []permission) {
	actions, resource := stringList(template.Lookup(s, "Action")), template.Lookup(s, "Resource")
	text, _ := template.Lookup(resource, "Fn::Sub").(string)
	index, isIndex := strings.CutPrefix(text, "${Table.Arn}/index/")
	if !isIndex {
		index = ""
	}
	named := template.References(resource)
	for _, action := range actions {
		operation, onTable := strings.CutPrefix(action, "dynamodb:")
		switch {
		case onTable && (isIndex || template.Lookup(resource, "Fn::GetAtt") == "Table.Arn"):
			for _, key := range stringList(template.Lookup(s, "Condition", "ForAllValues:StringLike", "dynamodb:LeadingKeys")) {
				granted = append(granted, permission{operation, index, key})
			}
		case slices.Contains(named, "TokenKey"):
			granted = append(granted, permission{action: action, key: "TokenKey"})
		case slices.Contains(named, "VaultKey"):
			granted = append(granted, permission{action: action, key: "VaultKey"})
		case action == "ses:SendEmail", action == "sns:Publish":
			granted = append(granted, permission{action: action})
		}
	}
	return granted
}

// stringList reads what may be one text or a list.
func stringList(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	values, _ := v.([]any)
	list := make([]string, len(values))
	for i := range values {
		list[i], _ = values[i].(string)
	}
	return list
}

// roleCheckedDynamoDB is DynamoDB as a function's role sees it: what the role does not
// allow is refused, and fails the test. It judges by action and partition key
// alone, which is all that the template's statements on the table go by.
func (s *replayEnv) roleCheckedDynamoDB(t *testing.T, folder string) string {
	t.Helper()
	target, err := url.Parse(s.dynamoDBURL)
	if err != nil {
		t.Fatal(err)
	}
	granted, onward := s.grantedPermissions(folder), httputil.NewSingleHostReverseProxy(target)
	onward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // who asked was killed
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		for _, wanted := range requiredPermissions(t, operation, body) {
			by := slices.IndexFunc(granted, func(p permission) bool { return p.allows(wanted) })
			if by < 0 {
				t.Errorf("%s: its role does not allow %+v, for %s", folder, wanted, operation)
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

// keyAttributes are the ones of an item or a key that partitions are named by.
type keyAttributes struct{ PK struct{ S string } }

// dynamoDBRequest is what of a call of DynamoDB decides about permissions.
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

// requiredPermissions are the permissions that a call needs.
func requiredPermissions(t *testing.T, operation string, body []byte) (list []permission) {
	var r dynamoDBRequest
	if err := json.Unmarshal(body, &r); err != nil {
		t.Errorf("%s: %v", operation, err)
	}
	add := func(action string, on keyAttributes) {
		list = append(list, permission{action: action, key: on.PK.S})
	}
	switch operation {
	case "GetItem", "DeleteItem":
		add(operation, r.Key)
	case "PutItem":
		add(operation, r.Item)
	case "Query":
		return []permission{{operation, r.IndexName, r.ExpressionAttributeValues[":p"].S}}
	case "BatchGetItem":
		for _, asked := range r.RequestItems {
			for _, k := range asked.Keys {
				add(operation, k)
			}
		}
	case "TransactWriteItems":
		for _, op := range r.TransactItems {
			switch {
			case op.Put != nil:
				add("PutItem", op.Put.Item)
			case op.Delete != nil:
				add("DeleteItem", op.Delete.Key)
			case op.ConditionCheck != nil:
				add("ConditionCheckItem", op.ConditionCheck.Key)
			}
		}
	}
	if len(list) == 0 {
		t.Errorf("nobody said what %s needs: %s", operation, body)
	}
	return list
}
