package lambdatest

import (
	"strings"

	"cedula/infra/lambdatest/fakekms"
)

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
