package lambdatest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"cedula/infra/lambdatest/fakekms"
)

// Services are the AWS services on this machine: a DynamoDB that finds nothing and a KMS.
type Services struct{ DynamoDB, KMS *httptest.Server }

// StartServices starts the services, which the caller has to close.
func StartServices() (*Services, error) {
	keys, err := fakekms.New()
	if err != nil {
		return nil, err
	}
	empty := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, "{}")
	})
	return &Services{httptest.NewServer(empty), httptest.NewServer(keys)}, nil
}

// Close stops the services.
func (s *Services) Close() {
	s.DynamoDB.Close()
	s.KMS.Close()
}

// Environment returns the variables by which a function finds the services.
func (s *Services) Environment() []string {
	return []string{"AWS_ENDPOINT_URL_DYNAMODB=" + s.DynamoDB.URL, "AWS_ENDPOINT_URL_KMS=" + s.KMS.URL}
}

// OptionalVariables are the variables that the template may leave empty.
var OptionalVariables = []string{"CEDULA_EMAIL_CONFIGURATION", "CEDULA_EMAIL_FROM", "CEDULA_LIST_SHARDS", "CEDULA_SMS_SENDER"}

// Environment is a value for every variable of ours that the template sets for
// some function. The keys are fakekms's.
func Environment() map[string]string {
	return map[string]string{
		"CEDULA_TABLE":     "cedula",
		"CEDULA_SECRET":    strings.Repeat("s", 64),
		"CEDULA_ISSUER":    "urn:cedula:test",
		"CEDULA_AUDIENCE":  "urn:cedula:test:conomy",
		"CEDULA_TOKEN_KEY": fakekms.SigningKeyID,
		"CEDULA_VAULT_KEY": fakekms.WrappingKeyID,
		"CEDULA_ISSUERS":   "[]",

		"CEDULA_LIST_SHARDS": "acme=8",

		"CEDULA_EMAIL_FROM":          "registry@example.org",
		"CEDULA_EMAIL_CONFIGURATION": "registry",
		"CEDULA_SMS_SENDER":          "CEDULA",
	}
}
