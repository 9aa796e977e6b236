package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Expanded is what CloudFormation gets: SAM's resources replaced by what SAM
// makes of them.
type Expanded struct {
	Parameters map[string]any
	Resources  map[string]Resource
}

// The types of resources that SAM makes.
const (
	TypeLambdaFunction  = "AWS::Lambda::Function"
	TypePermission      = "AWS::Lambda::Permission"
	TypeAlias           = "AWS::Lambda::Alias"
	TypeRestAPI         = "AWS::ApiGateway::RestApi"
	TypeStage           = "AWS::ApiGateway::Stage"
	TypeQueue           = "AWS::SQS::Queue"
	TypeDeploymentGroup = "AWS::CodeDeploy::DeploymentGroup"
)

// ReadExpanded reads what expand.py wrote.
func ReadExpanded(path string) (*Expanded, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	e := new(Expanded)
	if err := json.Unmarshal(text, e); err != nil {
		return nil, fmt.Errorf("template: %s: %w", path, err)
	}
	return e, nil
}

// ResourcesOfType returns the resources of a type by logical id.
func (e *Expanded) ResourcesOfType(kind string) map[string]Resource {
	return (&Template{Resources: e.Resources}).ResourcesOfType(kind)
}

// ResolveFunction is the function that an intrinsic names, itself or by its alias, or "".
func (e *Expanded) ResolveFunction(v any) string {
	for _, id := range References(v) {
		if e.Resources[id].Type == TypeAlias {
			id = References(e.Resources[id].Properties["FunctionName"])[0]
		}
		if e.Resources[id].Type == TypeLambdaFunction {
			return id
		}
	}
	return ""
}

// Route is one method of a path of an API, and what it calls.
type Route struct {
	Method, Path, Function string
	Public                 bool // to callers without credentials
}

// Routes are those of an API's definition.
func (e *Expanded) Routes(api string) (routes []Route) {
	paths, _ := Lookup(e.Resources[api].Properties, "Body", "paths").(map[string]any)
	for path, methods := range paths {
		for method, m := range methods.(map[string]any) {
			security, _ := Lookup(m, "security").([]any)
			if method = strings.ToUpper(method); method == "X-AMAZON-APIGATEWAY-ANY-METHOD" {
				method = "ANY"
			}
			routes = append(routes, Route{method, path, e.ResolveFunction(Lookup(m, "x-amazon-apigateway-integration", "uri")), len(security) == 0})
		}
	}
	return routes
}

// References are the logical ids and parameters that a value speaks of at any depth,
// in no order.
func References(v any) []string {
	found := map[string]bool{}
	collectReferences(v, found)
	return slices.Collect(maps.Keys(found))
}

func collectReferences(v any, found map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			collectReferences(element, found)
		}
	case map[string]any:
		for name, inner := range v {
			switch name {
			case "Ref":
				found[inner.(string)] = true
			case "Fn::GetAtt":
				text, ok := inner.(string)
				if parts, list := inner.([]any); list {
					text, ok = parts[0].(string)
				}
				if id, _, _ := strings.Cut(text, "."); ok {
					found[id] = true
				}
			case "Fn::Sub":
				collectSubReferences(inner, found)
				collectReferences(inner, found)
			default:
				collectReferences(inner, found)
			}
		}
	}
}

// collectSubReferences finds the names within ${...}; values of Fn::Sub's own collect
// finds.
func collectSubReferences(v any, found map[string]bool) {
	if list, ok := v.([]any); ok {
		v = list[0]
	}
	text, _ := v.(string)
	for _, part := range strings.Split(text, "${")[1:] {
		name, _, _ := strings.Cut(part, "}")
		id, _, _ := strings.Cut(name, ".")
		found[id] = true
	}
}
