package conomy_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-jose/go-jose/v4"

	"cedula/shared/auth"
	"cedula/shared/gateway"
)

const (
	jwksPath     = "/.well-known/jwks.json"
	metadataPath = "/.well-known/oauth-authorization-server"
)

// TestJWKS checks that the published keys verify tokens, including those signed by the previous key.
func TestJWKS(t *testing.T) {
	b := newTokenAPI(t)
	previous, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	b.api.IssuerMetadata.Keys = append(b.api.IssuerMetadata.Keys.(auth.KeySet), previous)
	issuer := &auth.Issuer{Signer: previous, Issuer: "https://cedula.example", Audience: "cedula"}
	earlier, _, err := issuer.Issue(t.Context(), auth.Client{ID: "0123456789abcdef", Tenant: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	got := b.Send(request{Operation: jwksPath})
	wantStatus(t, got, 200)
	wantHeader(t, got, "Cache-Control", "public, max-age=300")
	wantHeader(t, got, "Vary", "Conomyhq-Api-Version")
	wantHeader(t, got, "X-Content-Type-Options", "nosniff")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(got.Body), &set); err != nil || len(set.Keys) != 2 || strings.Contains(got.Body, `"d"`) {
		t.Fatalf("body = %s, error %v, want two public keys", got.Body, err)
	}
	for _, token := range []string{text(t, b.login().Body, "accessToken"), earlier} {
		signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signed.Verify(set); err != nil {
			t.Errorf("Verify = %v, want a valid signature", err)
		}
	}
}

// TestIssuerMetadata checks that URLs begin with API Gateway's URL or, if it is unknown, with the issuer.
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
		route, event := request{Operation: metadataPath}.Event(t, b.api)
		event.RequestContext = events.APIGatewayProxyRequestContext{DomainName: tt.host, Path: tt.stage + metadataPath}
		got, err := gateway.Handler(b.api, route)(t.Context(), event)
		if err != nil || got.Body != want {
			t.Errorf("issuer %s at %q: body = %s, error %v, want %s", tt.issuer, tt.host, got.Body, err, want)
		}
	}
	wantHeader(t, b.Send(request{Operation: metadataPath}), "Cache-Control", "public, max-age=300")
}

// unavailableSigner fails to load its key.
type unavailableSigner struct{ auth.Signer }

func (unavailableSigner) PublicKey(context.Context) (string, *ecdsa.PublicKey, error) {
	return "", nil, errors.New("kms said " + internalErrorText)
}

func TestJWKSUnavailable(t *testing.T) {
	b := newTokenAPI(t)
	b.api.IssuerMetadata.Keys = auth.KeySet{unavailableSigner{}}
	got := b.Send(request{Operation: jwksPath})
	wantStatus(t, got, 503)
	wantHeader(t, got, "Retry-After", "1")
	wantHeader(t, got, "Cache-Control", "no-store")
	if strings.Contains(got.Body, internalErrorText) {
		t.Errorf("body = %s, want no part of the cause", got.Body)
	}
}
