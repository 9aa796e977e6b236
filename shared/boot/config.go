package boot

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// Config is the environment of a function. A field holds the value of a variable without the
// white space around it; it is empty if the variable is not set. A constructor returns an
// error for a variable that it needs.
type Config struct {
	Table         string // CEDULA_TABLE: name of the DynamoDB table
	Secret        string // CEDULA_SECRET: the deployment's secret, at least 32 bytes
	ListSharding  string // CEDULA_LIST_SHARDS: see store.ParseListSharding; may be empty
	EncryptionKey string // CEDULA_VAULT_KEY: see tokenization.NewCipher

	TokenIssuer   string // CEDULA_ISSUER: claim iss of our tokens
	TokenAudience string // CEDULA_AUDIENCE: claim aud of our tokens
	TokenKeys     string // CEDULA_TOKEN_KEY: see tokens.NewIssuer
	TokenIssuers  string // CEDULA_ISSUERS: external issuers, see tokens.NewAuthenticator

	EmailFrom          string // CEDULA_EMAIL_FROM: address that emails come from; without one, sending emails fails
	EmailConfiguration string // CEDULA_EMAIL_CONFIGURATION: SES configuration set; may be empty
	SMSSender          string // CEDULA_SMS_SENDER: sender id of text messages; may be empty

	Function         string // AWS_LAMBDA_FUNCTION_NAME: empty outside of Lambda
	Region           string // AWS_REGION
	AccessKeyID      string // AWS_ACCESS_KEY_ID
	SecretAccessKey  string // AWS_SECRET_ACCESS_KEY
	SessionToken     string // AWS_SESSION_TOKEN: empty with a user's own key
	DynamoDBEndpoint string // AWS_ENDPOINT_URL_DYNAMODB: empty for the service's own, like the following
	KMSEndpoint      string // AWS_ENDPOINT_URL_KMS
	SESEndpoint      string // AWS_ENDPOINT_URL_SESV2
	SNSEndpoint      string // AWS_ENDPOINT_URL_SNS
}

// Environment reads the environment of the process.
func Environment() Config {
	return Config{
		Table:         getenv("CEDULA_TABLE"),
		Secret:        getenv("CEDULA_SECRET"),
		ListSharding:  getenv("CEDULA_LIST_SHARDS"),
		EncryptionKey: getenv("CEDULA_VAULT_KEY"),

		TokenIssuer:   getenv("CEDULA_ISSUER"),
		TokenAudience: getenv("CEDULA_AUDIENCE"),
		TokenKeys:     getenv("CEDULA_TOKEN_KEY"),
		TokenIssuers:  getenv("CEDULA_ISSUERS"),

		EmailFrom:          getenv("CEDULA_EMAIL_FROM"),
		EmailConfiguration: getenv("CEDULA_EMAIL_CONFIGURATION"),
		SMSSender:          getenv("CEDULA_SMS_SENDER"),

		Function:         getenv("AWS_LAMBDA_FUNCTION_NAME"),
		Region:           getenv("AWS_REGION"),
		AccessKeyID:      getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey:  getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:     getenv("AWS_SESSION_TOKEN"),
		DynamoDBEndpoint: getenv("AWS_ENDPOINT_URL_DYNAMODB"),
		KMSEndpoint:      getenv("AWS_ENDPOINT_URL_KMS"),
		SESEndpoint:      getenv("AWS_ENDPOINT_URL_SESV2"),
		SNSEndpoint:      getenv("AWS_ENDPOINT_URL_SNS"),
	}
}

func getenv(name string) string { return strings.TrimSpace(os.Getenv(name)) }

// Format hides the secrets of a Config, whatever the verb.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "boot.Config") }

// VariableError says which environment variable is wrong.
type VariableError struct {
	Name   string
	Reason string // never quotes the value, which may be a secret
}

// Error names the variable and the reason.
func (e *VariableError) Error() string { return "environment variable " + e.Name + " " + e.Reason }

// NotSet returns the error for a required variable without a value.
func NotSet(name string) error { return &VariableError{name, "is not set"} }

// Must returns v. If err is not nil, Must prints it as one line and ends the process with exit
// code 1. Only main functions call Must.
func Must[T any](v T, err error) T {
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "cedula:", err)
		os.Exit(1)
	}
	return v
}
