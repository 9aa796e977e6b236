package rest_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/apitest"
	"cedula/infra/privacytest"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// FuzzAuthorizerEvent sends an event to the authorizer of each API. No client is registered, so the event must be denied.
func FuzzAuthorizerEvent(f *testing.F) {
	secret := bytes.Repeat([]byte("s"), 32)
	signer, err := auth.NewLocalKey()
	if err != nil {
		f.Fatal(err)
	}
	authenticator := &auth.Authenticator{
		Store: apitest.New(f).Store, Hasher: auth.NewHasher(secret), Tokens: auth.NewVerifier("https://cedula.example", "cedula", auth.KeySet{signer}),
	}
	f.Fuzz(func(t *testing.T, event string) {
		var e events.APIGatewayCustomAuthorizerRequestTypeRequest
		if json.Unmarshal([]byte(event), &e) != nil {
			return
		}
		for _, a := range []gateway.Authorizer{&conomy.Authorizer{Authenticator: authenticator}, &blnk.Authorizer{Authenticator: authenticator}} {
			got, err := gateway.AuthorizerHandler(a)(t.Context(), e)
			if err != nil {
				if err.Error() != "Unauthorized" {
					t.Errorf("error = %v, want Unauthorized", err)
				}
				continue
			}
			if s := got.PolicyDocument.Statement; len(s) != 1 || s[0].Effect != "Deny" {
				t.Errorf("policy = %+v, want one statement that denies", got.PolicyDocument)
			}
			shown, err := json.Marshal(got.Context)
			if err != nil {
				t.Fatal(err)
			}
			request := events.APIGatewayProxyRequest{MultiValueHeaders: e.MultiValueHeaders}
			privacytest.NoEcho(t, request, string(shown), string(apidocs.Conomy.Contract)+string(apidocs.Blnk.Contract))
		}
	})
}
