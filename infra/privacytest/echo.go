// Package privacytest fails a test that reveals personal data.
// It does not import the packages under test.
package privacytest

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	minEchoLength = 8       // characters: a shorter value may occur in an error by chance
	maxErrorBytes = 8 << 10 // no error is longer
)

// NoEcho reports an error response that repeats a value of its request. It may
// repeat names, because an error names the field at fault, and any text of the
// API's published contract.
func NoEcho(t testing.TB, request events.APIGatewayProxyRequest, response, contract string) {
	t.Helper()
	if len(response) > maxErrorBytes {
		t.Errorf("error response has %d bytes, want at most %d", len(response), maxErrorBytes)
	}
	names, values := namesAndValues(request)
	for _, v := range values {
		if utf8.RuneCountInString(v) < minEchoLength || strings.Contains(names, v) || strings.Contains(contract, v) {
			continue
		}
		quoted, _ := json.Marshal(v)
		if strings.Contains(response, v) || strings.Contains(response, strings.Trim(string(quoted), `"`)) {
			t.Errorf("%s %s: error response repeats %q of the request: %s", request.HTTPMethod, request.Resource, v, response)
		}
	}
}

// namesAndValues returns the names that a request contains, as one text, and its
// values. It reads a malformed body up to its first syntax error.
func namesAndValues(request events.APIGatewayProxyRequest) (string, []string) {
	var names strings.Builder
	var values []string
	d := jsontext.NewDecoder(strings.NewReader(request.Body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		token, err := d.ReadToken()
		if err != nil {
			break
		}
		parent, length := d.StackIndex(d.StackDepth())
		isName := parent == '{' && length%2 == 1
		if isName {
			names.WriteString(token.String() + "\n")
		} else if token.Kind() == '"' || token.Kind() == '0' {
			values = append(values, token.String())
		}
	}
	for _, parameters := range []map[string][]string{request.MultiValueQueryStringParameters, request.MultiValueHeaders} {
		for name, list := range parameters {
			names.WriteString(name + "\n")
			values = append(values, list...)
		}
	}
	for _, v := range request.PathParameters {
		values = append(values, v)
	}
	return names.String(), values
}
