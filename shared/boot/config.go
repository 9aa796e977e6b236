package boot

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
)

// Config is the environment of a function. A field holds the value of its variable without the
// white space around it; it is empty if the variable is not set. A constructor returns an
// error for a variable that it needs.
type Config struct {
	Table         string `env:"CEDULA_TABLE"`          // name of the DynamoDB table
	Secret        string `env:"CEDULA_SECRET"`         // the deployment's secret, at least 32 bytes
	ListSharding  string `env:"CEDULA_LIST_SHARDS"`    // see store.ParseListSharding; may be empty
	MessageLimits string `env:"CEDULA_MESSAGE_LIMITS"` // see identity.ParseMessageLimits; may be empty
	EncryptionKey string `env:"CEDULA_VAULT_KEY"`      // see tokenization.NewCipher

	TokenIssuer   string `env:"CEDULA_ISSUER"`    // claim iss of our tokens
	TokenAudience string `env:"CEDULA_AUDIENCE"`  // claim aud of our tokens
	TokenKeys     string `env:"CEDULA_TOKEN_KEY"` // see tokens.NewIssuer
	TokenIssuers  string `env:"CEDULA_ISSUERS"`   // external issuers, see tokens.NewAuthenticator

	EmailFrom          string `env:"CEDULA_EMAIL_FROM"`          // address that emails come from; without one, sending emails fails
	EmailConfiguration string `env:"CEDULA_EMAIL_CONFIGURATION"` // SES configuration set; may be empty
	SMSSender          string `env:"CEDULA_SMS_SENDER"`          // sender id of text messages; may be empty

	Function         string `env:"AWS_LAMBDA_FUNCTION_NAME"` // empty outside of Lambda
	Region           string `env:"AWS_REGION"`
	AccessKeyID      string `env:"AWS_ACCESS_KEY_ID"`
	SecretAccessKey  string `env:"AWS_SECRET_ACCESS_KEY"`
	SessionToken     string `env:"AWS_SESSION_TOKEN"`         // empty with a user's own key
	DynamoDBEndpoint string `env:"AWS_ENDPOINT_URL_DYNAMODB"` // empty for the service's own, like the following
	KMSEndpoint      string `env:"AWS_ENDPOINT_URL_KMS"`
	SESEndpoint      string `env:"AWS_ENDPOINT_URL_SESV2"`
	SNSEndpoint      string `env:"AWS_ENDPOINT_URL_SNS"`
}

// Environment reads the environment of the process.
func Environment() Config {
	var c Config
	for field, value := range reflect.ValueOf(&c).Elem().Fields() {
		value.SetString(strings.TrimSpace(os.Getenv(field.Tag.Get("env"))))
	}
	return c
}

// Require returns a *VariableError if one of the variables is not set.
func (c Config) Require(variables ...string) error {
	for field, value := range reflect.ValueOf(c).Fields() {
		name := field.Tag.Get("env")
		if value.String() == "" && slices.Contains(variables, name) {
			return &VariableError{name, "is not set"}
		}
	}
	return nil
}

// Format hides the secrets of a Config, whatever the verb.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "boot.Config") }

// VariableError says which environment variable is wrong.
type VariableError struct {
	Name   string
	Reason string // never quotes the value, which may be a secret
}

// Error names the variable and the reason.
func (e *VariableError) Error() string { return "environment variable " + e.Name + " " + e.Reason }

// Must returns v. If err is not nil, Must prints it as one line and ends the process with exit
// code 1. Only main functions call Must.
func Must[T any](v T, err error) T {
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "cedula:", err)
		os.Exit(1)
	}
	return v
}
