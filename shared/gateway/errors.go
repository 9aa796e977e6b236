package gateway

import "errors"

// Errors before an operation runs, which an API renders like any other error.
var (
	// ErrNoCaller means that the authorizer's context is missing or invalid.
	ErrNoCaller = errors.New("gateway: no caller")
	// ErrInsufficientScope means that the caller does not have the route's scope.
	ErrInsufficientScope = errors.New("gateway: scope not granted")
	// ErrNoRoute means that the event is not for a route of this function.
	ErrNoRoute = errors.New("gateway: no such route")
	// ErrBodyTooLarge means that the body is longer than MaxBodyBytes.
	ErrBodyTooLarge = errors.New("gateway: body too large")
	// ErrBodyEncoding means that the event declares its body as base64, and it is not.
	ErrBodyEncoding = errors.New("gateway: body is not base64")
	// ErrPanic means that the operation panicked. The log says where.
	ErrPanic = errors.New("gateway: operation panicked")
)
