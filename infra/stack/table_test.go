package stack_test

import (
	"fmt"
	"testing"

	"cedula/infra/stack"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/dynamo"
)

// The table has the keys and indexes that the store's items use, by the names
// that the engine gives them.
func TestTable(t *testing.T) {
	_, template := read(t)
	tables := template.Of(stack.TypeTable)
	if len(tables) != 1 {
		t.Fatalf("%d tables, want 1", len(tables))
	}
	p := tables["Table"].Properties
	if got, want := schema(p), key(""); got != want {
		t.Errorf("key %s, want %s", got, want)
	}
	attributes, indexes := []string{table.AttrPK, table.AttrSK}, []string{}
	for _, name := range store.Indexes {
		attributes = append(attributes, name+table.AttrPK, name+table.AttrSK)
		indexes = append(indexes, dynamo.IndexName(name)+key(name)+" KEYS_ONLY")
	}
	var gotAttributes, gotIndexes []string
	for _, a := range p["AttributeDefinitions"].([]any) {
		gotAttributes = append(gotAttributes, stack.At(a, "AttributeName").(string))
		if stack.At(a, "AttributeType") != "S" {
			t.Errorf("attribute %v is no string", a)
		}
	}
	for _, i := range p["GlobalSecondaryIndexes"].([]any) {
		gotIndexes = append(gotIndexes, fmt.Sprint(stack.At(i, "IndexName"), schema(i), " ", stack.At(i, "Projection", "ProjectionType")))
	}
	same(t, "attributes", gotAttributes, attributes)
	same(t, "indexes", gotIndexes, indexes)
	if got := stack.At(p, "TimeToLiveSpecification", "AttributeName"); got != table.AttrExpires {
		t.Errorf("items expire by %v, want %s", got, table.AttrExpires)
	}
}

func schema(v any) string {
	var s string
	list, _ := stack.At(v, "KeySchema").([]any)
	for _, k := range list {
		s += fmt.Sprint(" ", stack.At(k, "AttributeName"), "/", stack.At(k, "KeyType"))
	}
	return s
}

func key(index string) string {
	return " " + index + table.AttrPK + "/HASH " + index + table.AttrSK + "/RANGE"
}

// What holds data outlives the stack and mistakes with it.
func TestDataIsKept(t *testing.T) {
	_, template := read(t)
	for _, id := range []string{"Table", "DataKey", "TokenKey", "VaultKey", "DeploymentSecret"} {
		if r := template.Resources[id]; r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s goes with the stack", id)
		}
	}
	p := template.Resources["Table"].Properties
	for _, path := range [][]string{
		{"DeletionProtectionEnabled"},
		{"PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"},
		{"SSESpecification", "SSEEnabled"},
		{"TimeToLiveSpecification", "Enabled"},
	} {
		if stack.At(p, path...) != true {
			t.Errorf("the table's %v is not on", path)
		}
	}
	if stack.At(p, "SSESpecification", "KMSMasterKeyId", "Fn::GetAtt") != "DataKey.Arn" {
		t.Error("the table is not under the stack's key")
	}
	for _, id := range []string{"DataKey", "VaultKey"} {
		if stack.At(template.Resources[id].Properties, "EnableKeyRotation") != true {
			t.Errorf("%s is not rotated", id)
		}
	}
}
