// Package template reads template.yaml, so that tests can compare what is deployed
// with what is built.
// It knows CloudFormation's shape and nothing of the registry.
package template

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// Template is the part of a SAM template that tests look at. An intrinsic
// function reads as a map with its long name, as in JSON: !Ref X is
// {"Ref": "X"}, !GetAtt X.Arn is {"Fn::GetAtt": "X.Arn"}.
type Template struct {
	Globals   map[string]any      `yaml:"Globals"`
	Resources map[string]Resource `yaml:"Resources"`
}

// Resource is one resource of a template.
type Resource struct {
	Type                string         `yaml:"Type"`
	Condition           string         `yaml:"Condition"`
	Metadata            map[string]any `yaml:"Metadata"`
	DeletionPolicy      string         `yaml:"DeletionPolicy"`
	UpdateReplacePolicy string         `yaml:"UpdateReplacePolicy"`
	UpdatePolicy        map[string]any `yaml:"UpdatePolicy"`
	Properties          map[string]any `yaml:"Properties"`
}

// The types of resources that tests ask for.
const (
	TypeFunction = "AWS::Serverless::Function"
	TypeAPI      = "AWS::Serverless::Api"
	TypeTable    = "AWS::DynamoDB::Table"
	TypeRole     = "AWS::IAM::Role"
	TypeLogGroup = "AWS::Logs::LogGroup"
	TypeAlarm    = "AWS::CloudWatch::Alarm"
)

// ModuleRoot is the folder of the module that the working directory lies in.
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
func Read(root string) (*Template, error) {
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("template: template.yaml: %w", err)
	}
	expandShortIntrinsics(&document)
	t := new(Template)
	if err := document.Decode(t); err != nil {
		return nil, fmt.Errorf("template: template.yaml: %w", err)
	}
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
	found := map[string]Resource{}
	for id, r := range t.Resources {
		if r.Type == kind {
			found[id] = r
		}
	}
	return found
}

// Lookup walks down maps and returns what stands there, or nil.
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

// FunctionFolder is the folder of a function under functions/, by its logical id:
// ConomyCreateIdentityFunction is conomy/create-identity and
// ConomyAuthorizerFunction is authorizers/conomy.
func FunctionFolder(logicalID string) string {
	var words []string
	for _, r := range strings.TrimSuffix(logicalID, "Function") {
		if r >= 'A' && r <= 'Z' {
			words = append(words, string(r-'A'+'a'))
		} else if len(words) > 0 {
			words[len(words)-1] += string(r)
		}
	}
	if len(words) == 0 {
		return ""
	}
	operation := strings.Join(words[1:], "-")
	if operation == "authorizer" {
		return "authorizers/" + words[0]
	}
	return words[0] + "/" + operation
}

// VariableNames are the names in a function's environment.
func (r Resource) VariableNames() []string {
	m, _ := Lookup(r.Properties, "Environment", "Variables").(map[string]any)
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	return names
}
