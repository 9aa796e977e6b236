// Command deliver-messages sends the messages that the table's stream tells of.
package main

import (
	"cedula/shared/boot/couriers"
	"cedula/shared/gateway"
)

func main() {
	c := couriers.Courier()
	gateway.StartStream(c.Deliver)
}
