//go:build !unix

package supergraph

import (
	"io/fs"
)

// ownedByUs holds where the temporary folder belongs to the user, as on Windows.
func ownedByUs(info fs.FileInfo) bool { return info.IsDir() }
