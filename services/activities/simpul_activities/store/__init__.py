"""Write-side SQL, by aggregate."""
