package template_test

import (
	"fmt"
	"testing"

	"cedula/infra/template"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/dynamo"
)

// The table has the keys and indexes that the store's items use, by the names
// that the engine gives them.
func TestTable(t *testing.T) {
	_, tmpl := readTemplate(t)
	tables := tmpl.ResourcesOfType(template.TypeTable)
	if len(tables) != 1 {
		t.Fatalf("%d tables, want 1", len(tables))
	}
	p := tables["Table"].Properties
	if got, want := keySchema(p), expectedKeySchema(""); got != want {
		t.Errorf("key %s, want %s", got, want)
	}
	attributes, indexes := []string{table.AttrPK, table.AttrSK}, []string{}
	for _, name := range store.Indexes {
		attributes = append(attributes, name+table.AttrPK, name+table.AttrSK)
		indexes = append(indexes, dynamo.IndexName(name)+expectedKeySchema(name)+" KEYS_ONLY")
	}
	var gotAttributes, gotIndexes []string
	for _, a := range p["AttributeDefinitions"].([]any) {
		gotAttributes = append(gotAttributes, template.Lookup(a, "AttributeName").(string))
		if template.Lookup(a, "AttributeType") != "S" {
			t.Errorf("attribute %v is no string", a)
		}
	}
	for _, i := range p["GlobalSecondaryIndexes"].([]any) {
		gotIndexes = append(gotIndexes, fmt.Sprint(template.Lookup(i, "IndexName"), keySchema(i), " ", template.Lookup(i, "Projection", "ProjectionType")))
	}
	assertSameElements(t, "attributes", gotAttributes, attributes)
	assertSameElements(t, "indexes", gotIndexes, indexes)
	if got := template.Lookup(p, "TimeToLiveSpecification", "AttributeName"); got != table.AttrExpires {
		t.Errorf("items expire by %v, want %s", got, table.AttrExpires)
	}
}

func keySchema(v any) string {
	var s string
	list, _ := template.Lookup(v, "KeySchema").([]any)
	for _, k := range list {
		s += fmt.Sprint(" ", template.Lookup(k, "AttributeName"), "/", template.Lookup(k, "KeyType"))
	}
	return s
}

func expectedKeySchema(index string) string {
	return " " + index + table.AttrPK + "/HASH " + index + table.AttrSK + "/RANGE"
}

// What holds data outlives the stack and mistakes with it.
func TestDataIsRetained(t *testing.T) {
	_, tmpl := readTemplate(t)
	for _, id := range []string{"Table", "DataKey", "TokenKey", "VaultKey", "DeploymentSecret"} {
		if r := tmpl.Resources[id]; r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s goes with the stack", id)
		}
	}
	p := tmpl.Resources["Table"].Properties
	for _, path := range [][]string{
		{"DeletionProtectionEnabled"},
		{"PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"},
		{"SSESpecification", "SSEEnabled"},
		{"TimeToLiveSpecification", "Enabled"},
	} {
		if template.Lookup(p, path...) != true {
			t.Errorf("the table's %v is not on", path)
		}
	}
	if template.Lookup(p, "SSESpecification", "KMSMasterKeyId", "Fn::GetAtt") != "DataKey.Arn" {
		t.Error("the table is not under the stack's key")
	}
	for _, id := range []string{"DataKey", "VaultKey"} {
		if template.Lookup(tmpl.Resources[id].Properties, "EnableKeyRotation") != true {
			t.Errorf("%s is not rotated", id)
		}
	}
}
