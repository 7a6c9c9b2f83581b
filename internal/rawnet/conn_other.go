//go:build !linux || race

package rawnet

import "net"

// Conn returns c itself.
func Conn(c net.Conn) net.Conn { return c }
