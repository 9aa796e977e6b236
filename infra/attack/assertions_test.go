package attack

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	minEchoLength = 8       // characters of a value that cannot stand in an answer by chance
	maxErrorBytes = 8 << 10 // bytes that no error has
)

// assertNoEcho wants an error that holds no value of the request. The path of the
// member at fault is made of its names, and those it may tell.
func (d dialect) assertNoEcho(t testing.TB, e events.APIGatewayProxyRequest, answer string) {
	t.Helper()
	if len(answer) > maxErrorBytes {
		t.Errorf("an error of %d bytes", len(answer))
	}
	names, values := requestNamesAndValues(e)
	for _, v := range values {
		if utf8.RuneCountInString(v) < minEchoLength || strings.Contains(names, v) || strings.Contains(d.contractText, v) {
			continue
		}
		quoted, _ := json.Marshal(v)
		for _, spelling := range []string{v, strings.Trim(string(quoted), `"`)} {
			if strings.Contains(answer, spelling) {
				t.Errorf("%s repeats %q of the request: %s", e.Resource, v, answer)
			}
		}
	}
}

// requestNamesAndValues are the names that a request holds, in one text, and its values.
func requestNamesAndValues(e events.APIGatewayProxyRequest) (names string, values []string) {
	var told strings.Builder
	d := jsontext.NewDecoder(bytes.NewReader([]byte(e.Body)), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		token, err := d.ReadToken()
		if err != nil {
			break
		}
		kind, length := d.StackIndex(d.StackDepth())
		switch isName := kind == '{' && length%2 == 1; {
		case token.Kind() == '"' && isName:
			told.WriteString(token.String() + "\n")
		case token.Kind() == '"', token.Kind() == '0':
			values = append(values, token.String())
		}
	}
	for _, of := range []map[string][]string{e.MultiValueQueryStringParameters, e.MultiValueHeaders} {
		for name, list := range of {
			told.WriteString(name + "\n")
			values = append(values, list...)
		}
	}
	for _, v := range e.PathParameters {
		values = append(values, v)
	}
	return told.String(), values
}

// rawField is the JSON of a member of an object; empty if there is none.
func rawField(t testing.TB, object, name string) string {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &all); err != nil {
		t.Fatalf("%v: %s", err, object)
	}
	return string(all[name])
}

// assertStringsKept wants each of the texts that were taken to stand in the answer as it was
// sent; null is no text.
func assertStringsKept(t testing.TB, sent, answer string, names ...string) {
	t.Helper()
	for _, name := range names {
		was := rawField(t, sent, name)
		if was == "" {
			continue
		}
		var one, other string
		if json.Unmarshal([]byte(was), &one) != nil || json.Unmarshal([]byte(rawField(t, answer, name)), &other) != nil || one != other {
			t.Errorf("%s was sent as %s and is %s", name, was, rawField(t, answer, name))
		}
	}
}

// assertJSONKept wants a free value in the answer as it was sent, but for white space.
func assertJSONKept(t testing.TB, sent, answer, name string) {
	t.Helper()
	was := rawField(t, sent, name)
	if was == "" || was == "null" {
		return
	}
	if got := rawField(t, answer, name); compactJSON(was) != compactJSON(got) {
		t.Errorf("%s was sent as %s and is %s", name, was, got)
	}
}

// compactJSON is a value without white space and with one spelling of each text; its
// numbers stay as they are.
func compactJSON(value string) string {
	v := jsontext.Value(value)
	_ = v.Compact(jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(false), jsontext.EscapeForHTML(false))
	return string(v)
}

// assertUnchanged wants the members of an answer to be as they were.
func assertUnchanged(t testing.TB, before, after string, names ...string) {
	t.Helper()
	for _, name := range names {
		if was, is := rawField(t, before, name), rawField(t, after, name); was != is {
			t.Errorf("%s was %s and is %s", name, was, is)
		}
	}
}
