package conomy_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-jose/go-jose/v4"

	"cedula/infra/openapi"
	"cedula/shared/auth"
	"cedula/shared/gateway"
)

const (
	jwksPath     = "/.well-known/jwks.json"
	metadataPath = "/.well-known/oauth-authorization-server"
)

// getPublic asks the one function of both paths, as API Gateway does for somebody
// without credentials.
func (b *tokenAPI) getPublic(path, host, stage string) events.APIGatewayProxyResponse {
	b.Helper()
	var routes []gateway.Route
	for _, r := range b.api.Routes() {
		if r.Name == "get-token-keys" {
			routes = append(routes, r)
		}
	}
	answer, err := gateway.Handler(b.api, routes...)(context.Background(), events.APIGatewayProxyRequest{
		HTTPMethod: "GET", Resource: path, Path: path,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: traceID, DomainName: host, Path: stage + path},
	})
	if err != nil {
		b.Fatal(err)
	}
	err = contract().Check("GET", path, openapi.Response{Status: answer.StatusCode, Header: answer.MultiValueHeaders, Body: []byte(answer.Body)})
	if err != nil {
		b.Error(err)
	}
	return answer
}

func wantHeader(t testing.TB, got events.APIGatewayProxyResponse, name, want string) {
	t.Helper()
	if values := got.MultiValueHeaders[name]; len(values) != 1 || values[0] != want {
		t.Errorf("%s is %q, want %q", name, values, want)
	}
}

// TestJWKS: with what is published anybody can verify a token, also one of
// the key before.
func TestJWKS(t *testing.T) {
	b := newTokenAPI(t)
	before, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	b.api.IssuerMetadata.Keys = append(b.api.IssuerMetadata.Keys.(auth.KeySet), before)
	old := &auth.Issuer{Signer: before, Issuer: "https://cedula.example", Audience: "cedula"}
	earlier, _, err := old.Issue(context.Background(), auth.Client{ID: "0123456789abcdef", Tenant: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	got := b.getPublic(jwksPath, "", "")
	wantStatus(t, got, 200)
	wantHeader(t, got, "Cache-Control", "public, max-age=300")
	wantHeader(t, got, "Vary", "Conomyhq-Api-Version")
	wantHeader(t, got, "X-Content-Type-Options", "nosniff")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(got.Body), &set); err != nil || len(set.Keys) != 2 || strings.Contains(got.Body, `"d"`) {
		t.Fatalf("%v: %s", err, got.Body)
	}
	for _, token := range []string{b.mustIssueToken(b.client), earlier} {
		signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signed.Verify(set); err != nil {
			t.Errorf("Verify = %v, want a valid signature", err)
		}
	}
}

// TestIssuerMetadata: where the API is is said by API Gateway or else by the issuer.
func TestIssuerMetadata(t *testing.T) {
	b := newTokenAPI(t)
	const lists = `"response_types_supported":[],"grant_types_supported":[]`
	for _, tt := range []struct{ issuer, host, stage, base string }{
		{"urn:cedula:1:a", "api.example.com", "/sandbox", "https://api.example.com/sandbox"},
		{"urn:cedula:1:a", "api.example.com", "", "https://api.example.com"},
		{"https://issuer.example", "api.example.com", "/v1", "https://api.example.com/v1"},
		{"https://issuer.example/", "", "", "https://issuer.example"},
		{"http://localhost:5010", "", "/sandbox", "http://localhost:5010"},
		{"urn:cedula:1:a", "", "", ""},
	} {
		b.api.IssuerMetadata.Issuer = tt.issuer
		want := `{"issuer":"` + tt.issuer + `",` + lists + `}`
		if tt.base != "" {
			want = `{"issuer":"` + tt.issuer + `","jwks_uri":"` + tt.base + jwksPath + `",` + lists + `,"service_documentation":"` + tt.base + `/docs"}`
		}
		got := b.getPublic(metadataPath, tt.host, tt.stage)
		if wantStatus(t, got, 200); got.Body != want {
			t.Errorf("body = %s, want %s", got.Body, want)
		}
		wantHeader(t, got, "Cache-Control", "public, max-age=300")
	}
}

// unavailableSigner is a key that cannot be had.
type unavailableSigner struct{ auth.Signer }

func (unavailableSigner) Load(context.Context) error {
	return errors.New("kms said " + internalErrorText)
}

func TestJWKSUnavailable(t *testing.T) {
	b := newTokenAPI(t)
	b.api.IssuerMetadata.Keys = auth.KeySet{unavailableSigner{}}
	got := b.getPublic(jwksPath, "", "")
	wantStatus(t, got, 503)
	wantHeader(t, got, "Retry-After", "1")
	wantHeader(t, got, "Cache-Control", "no-store")
	if strings.Contains(got.Body, internalErrorText) {
		t.Errorf("body = %s, want nothing of the cause", got.Body)
	}
}
