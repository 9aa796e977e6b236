// Package template reads template.yaml, so that tests can compare what is deployed with what is built.
// It must not import packages of the registry.
package template

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Template is template.yaml, or what SAM expands it to. An intrinsic function reads as a map with its long name, as in
// JSON: !Ref X is {"Ref": "X"}, !GetAtt X.Arn is {"Fn::GetAtt": "X.Arn"}.
type Template struct {
	Document  map[string]any // all of it
	Resources map[string]Resource
}

// Resource is one resource of a template.
type Resource struct {
	Type       string         `yaml:"Type"`
	Properties map[string]any `yaml:"Properties"`
}

// TypeFunction is the type of a function.
const TypeFunction = "AWS::Serverless::Function"

// ModuleRoot returns the folder of the module that contains the working directory.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "template.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("template: no template.yaml in this folder or above it")
		}
		dir = filepath.Dir(dir)
	}
}

// Read reads the template of the module at root.
func Read(root string) (*Template, error) { return ReadFile(filepath.Join(root, "template.yaml")) }

// ReadFile reads a template in YAML or JSON.
func ReadFile(path string) (*Template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("template: %s: %w", path, err)
	}
	expandShortIntrinsics(&document)
	t := new(Template)
	var parts struct {
		Resources map[string]Resource `yaml:"Resources"`
	}
	if err := errors.Join(document.Decode(&t.Document), document.Decode(&parts)); err != nil {
		return nil, fmt.Errorf("template: %s: %w", path, err)
	}
	t.Resources = parts.Resources
	return t, nil
}

// expandShortIntrinsics replaces every short intrinsic (!Sub x) by its long form.
func expandShortIntrinsics(n *yaml.Node) {
	for _, child := range n.Content {
		expandShortIntrinsics(child)
	}
	if !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return
	}
	name := strings.TrimPrefix(n.Tag, "!")
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	value := *n
	value.Tag = ""
	*n = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}, &value,
	}}
}

// ResourcesOfType returns the resources of a type by logical id.
func (t *Template) ResourcesOfType(kind string) map[string]Resource {
	found := maps.Clone(t.Resources)
	maps.DeleteFunc(found, func(_ string, r Resource) bool { return r.Type != kind })
	return found
}

// Lookup walks down maps and returns the value there, or nil.
func Lookup(v any, path ...string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// FunctionFolder returns the folder of a function under functions/, by its logical id: ConomyCreateIdentityFunction is
// conomy/create-identity and ConomyAuthorizerFunction is authorizers/conomy.
func FunctionFolder(logicalID string) string {
	words := regexp.MustCompile(`[A-Z][^A-Z]*`).FindAllString(strings.TrimSuffix(logicalID, "Function"), -1)
	if len(words) == 0 {
		return ""
	}
	group, operation := strings.ToLower(words[0]), strings.ToLower(strings.Join(words[1:], "-"))
	if operation == "authorizer" {
		return "authorizers/" + group
	}
	return group + "/" + operation
}

// VariableNames returns the names in a function's environment.
func (r Resource) VariableNames() []string {
	m, _ := Lookup(r.Properties, "Environment", "Variables").(map[string]any)
	return slices.Collect(maps.Keys(m))
}

// StringList reads what may be one string or a list of strings.
func StringList(v any) []string {
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
