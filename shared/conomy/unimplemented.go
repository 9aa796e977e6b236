package conomy

import (
	"errors"

	"cedula/shared/gateway"
)

// errUnimplemented answers what Conomy has and an identity registry has not.
var errUnimplemented = errors.New("conomy: not part of an identity registry")

func refuse(*gateway.Request) (gateway.Response, error) {
	return gateway.Response{}, errUnimplemented
}

// AddRules answers that rules are not part of a registry.
func (a *API) AddRules(r *gateway.Request) (gateway.Response, error) { return refuse(r) }

// RemoveRules answers that rules are not part of a registry.
func (a *API) RemoveRules(r *gateway.Request) (gateway.Response, error) { return refuse(r) }

// AddFees answers that fees are not part of a registry.
func (a *API) AddFees(r *gateway.Request) (gateway.Response, error) { return refuse(r) }

// RemoveFees answers that fees are not part of a registry.
func (a *API) RemoveFees(r *gateway.Request) (gateway.Response, error) { return refuse(r) }

// RemoveFee answers that fees are not part of a registry.
func (a *API) RemoveFee(r *gateway.Request) (gateway.Response, error) { return refuse(r) }

// SetEscrowFee answers that accounts are not part of a registry.
func (a *API) SetEscrowFee(r *gateway.Request) (gateway.Response, error) { return refuse(r) }
