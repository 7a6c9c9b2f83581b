package metadata

// Pos is a place in a metadata file. Line and Column count from 1; zero means the whole file.
type Pos struct {
	File         string // slash-separated, below the metadata directory
	Line, Column int
}
