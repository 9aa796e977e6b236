// Command remind-pending sends a message to the identities that will lapse in a day.
package main

import (
	"cedula/shared/boot/cleaners"
	"cedula/shared/gateway"
)

func main() {
	remind := cleaners.Remind()
	gateway.StartJob("remind-pending", remind)
}
