package gateway

import "errors"

// Errors that a request meets before its operation runs. A dialect renders
// them like any other error.
var (
	// ErrNoCaller: the authorizer's context is missing or unreadable.
	ErrNoCaller = errors.New("gateway: no caller")
	// ErrInsufficientScope: the caller has not been granted the route's scope.
	ErrInsufficientScope = errors.New("gateway: scope not granted")
	// ErrNoRoute: the event is not one of this function's route.
	ErrNoRoute = errors.New("gateway: no such route")
	// ErrBodyTooLarge: the body is longer than MaxBodyBytes.
	ErrBodyTooLarge = errors.New("gateway: body too large")
	// ErrBodyEncoding: the event says that its body is base64, and it is not.
	ErrBodyEncoding = errors.New("gateway: body is not base64")
	// ErrPanic: the operation broke. What it said is in the log.
	ErrPanic = errors.New("gateway: operation panicked")
)
