package template

import "strings"

// Grant is one action that a role allows on a resource.
type Grant struct {
	Action   string // "dynamodb:PutItem"
	Resource string // the logical id, with what follows it: "Table", "Table/index/QIndex", "Table.StreamArn"; or "*" or an ARN
	Key      string // the partition keys that it is limited to: "T#*"; "": not limited
}

// String returns the action, the resource and the keys.
func (g Grant) String() string { return strings.TrimSpace(g.Action + " " + g.Resource + " " + g.Key) }

// Allows reports whether a call that needs other is granted by g.
func (g Grant) Allows(other Grant) bool {
	return g.Action == other.Action && matchesPattern(g.Resource, other.Resource) && matchesPattern(g.Key, other.Key)
}

func matchesPattern(pattern, text string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	return pattern == text || open && strings.HasPrefix(text, prefix)
}

// Role returns the role of a function.
func (t *Template) Role(function Resource) Resource {
	attribute, _ := Lookup(function.Properties, "Role", "Fn::GetAtt").(string)
	return t.Resources[strings.TrimSuffix(attribute, ".Arn")]
}

// Statements returns the statements of a role's policies.
func Statements(role Resource) (all []any) {
	policies, _ := role.Properties["Policies"].([]any)
	for _, p := range policies {
		list, _ := Lookup(p, "PolicyDocument", "Statement").([]any)
		all = append(all, list...)
	}
	return all
}

// Grants returns what a role allows.
func Grants(role Resource) (all []Grant) {
	for _, s := range Statements(role) {
		all = append(all, StatementGrants(s)...)
	}
	return all
}

// StatementGrants returns what a statement allows.
func StatementGrants(statement any) (all []Grant) {
	keys := StringList(Lookup(statement, "Condition", "ForAllValues:StringLike", "dynamodb:LeadingKeys"))
	if len(keys) == 0 {
		keys = []string{""}
	}
	resources := resourceNames(Lookup(statement, "Resource"))
	if not := Lookup(statement, "NotResource"); not != nil {
		resources = []string{"not " + resourceNames(not)[0]}
	}
	for _, action := range StringList(Lookup(statement, "Action")) {
		for _, resource := range resources {
			for _, key := range keys {
				all = append(all, Grant{action, resource, key})
			}
		}
	}
	return all
}

// resourceNames returns the names of the resources of a statement. Of a choice it is the first, of a list all.
func resourceNames(v any) []string {
	if list, ok := v.([]any); ok {
		var names []string
		for _, element := range list {
			names = append(names, resourceNames(element)...)
		}
		return names
	}
	if choice, ok := Lookup(v, "Fn::If").([]any); ok {
		return resourceNames(choice[1])
	}
	if id, ok := Lookup(v, "Fn::GetAtt").(string); ok {
		return []string{strings.TrimSuffix(id, ".Arn")}
	}
	text, isText := v.(string)
	if !isText {
		text, _ = Lookup(v, "Fn::Sub").(string)
	}
	if id, rest, ok := strings.Cut(text, ".Arn}"); ok && strings.HasPrefix(id, "${") {
		text = strings.TrimPrefix(id, "${") + rest
	}
	return []string{text}
}
