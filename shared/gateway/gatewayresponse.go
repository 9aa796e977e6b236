package gateway

// GatewayResponse is a response that API Gateway sends without calling a function: a GatewayResponse of the template. Its
// body may contain variables of API Gateway, such as RequestIDVariable.
type GatewayResponse struct { //nolint:revive // API Gateway calls it so
	Type   string
	Status int
	Body   string
}

// RetryAfter returns the value of the Retry-After header (RFC 9110, section 10.2.3) in seconds, "" for none. A quota is
// per day, and the rest of the day is not known here.
func (c GatewayResponse) RetryAfter() string {
	switch c.Type {
	case Throttled, AuthorizerFailure, IntegrationTimeout, IntegrationFailure:
		return "1"
	case QuotaExceeded:
		return "3600"
	}
	return ""
}

// RequestIDVariable is the variable for the request's id in the body of a GatewayResponse.
const RequestIDVariable = "$context.requestId"

// The gateway response types (API Gateway Developer Guide, "Gateway response types"). NoSuchRoute is the response to a path
// or a method that the API does not have; the odd value is API Gateway's. If such a request has an Authorization header,
// API Gateway parses it as an AWS signature and responds with InvalidSignature or, if it is incomplete, Default4XX.
const (
	Unauthorized            = "UNAUTHORIZED"
	AccessDenied            = "ACCESS_DENIED"
	InvalidAPIKey           = "INVALID_API_KEY"
	NoSuchRoute             = "MISSING_AUTHENTICATION_TOKEN"
	BadRequestBody          = "BAD_REQUEST_BODY"
	BadRequestParameters    = "BAD_REQUEST_PARAMETERS"
	RequestTooLarge         = "REQUEST_TOO_LARGE"
	Throttled               = "THROTTLED"
	QuotaExceeded           = "QUOTA_EXCEEDED"
	AuthorizerFailure       = "AUTHORIZER_FAILURE"
	AuthorizerMisconfigured = "AUTHORIZER_CONFIGURATION_ERROR"
	IntegrationTimeout      = "INTEGRATION_TIMEOUT"
	IntegrationFailure      = "INTEGRATION_FAILURE"
	InvalidSignature        = "INVALID_SIGNATURE"
	UnsupportedMediaType    = "UNSUPPORTED_MEDIA_TYPE"
	WAFFiltered             = "WAF_FILTERED"
	Default4XX              = "DEFAULT_4XX"
	Default5XX              = "DEFAULT_5XX"
)
