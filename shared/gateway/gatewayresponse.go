package gateway

// GatewayResponse is an answer that API Gateway makes without calling a function: a
// GatewayResponse of the template. Its body may hold variables of API Gateway
// such as RequestID.
type GatewayResponse struct {
	Type   string
	Status int
	Body   string
}

// RetryAfter is the seconds after which it is worth trying again, for the
// header of that name (RFC 9110, section 10.2.3); empty where it is not. A
// quota is a day's, and nobody knows here how much of the day is left.
func (c GatewayResponse) RetryAfter() string {
	switch c.Type {
	case Throttled, AuthorizerFailure, IntegrationTimeout, IntegrationFailure:
		return "1"
	case QuotaExceeded:
		return "3600"
	}
	return ""
}

// RequestIDVariable stands for the request's id in a Canned body.
const RequestIDVariable = "$context.requestId"

// The gateway response types (API Gateway Developer Guide, "Gateway response
// types"). NoSuchRoute is sent for a path or a method that the API does not
// have; its odd name is API Gateway's. If such a request carries an
// Authorization header, API Gateway takes it for an AWS signature and sends
// InvalidSignature or, where that is not even complete, Default4XX.
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
