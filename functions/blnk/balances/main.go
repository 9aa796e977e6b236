// Command balances serves GET /balances/{id} and PUT /balances/{id}/identity of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&blnk.API{}, "balances") }
