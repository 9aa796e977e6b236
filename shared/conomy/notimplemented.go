package conomy

import "cedula/shared/gateway"

func notImplemented(*gateway.Request) (gateway.Response, error) {
	return gateway.Response{}, errNotImplemented
}

// AddRules answers that rules are not part of a registry.
func (a *API) AddRules(r *gateway.Request) (gateway.Response, error) { return notImplemented(r) }

// RemoveRules answers that rules are not part of a registry.
func (a *API) RemoveRules(r *gateway.Request) (gateway.Response, error) { return notImplemented(r) }

// AddFees answers that fees are not part of a registry.
func (a *API) AddFees(r *gateway.Request) (gateway.Response, error) { return notImplemented(r) }

// RemoveFees answers that fees are not part of a registry.
func (a *API) RemoveFees(r *gateway.Request) (gateway.Response, error) { return notImplemented(r) }

// RemoveFee answers that fees are not part of a registry.
func (a *API) RemoveFee(r *gateway.Request) (gateway.Response, error) { return notImplemented(r) }

// SetEscrowFee answers that accounts are not part of a registry.
func (a *API) SetEscrowFee(r *gateway.Request) (gateway.Response, error) { return notImplemented(r) }
